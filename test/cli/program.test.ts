// Does the command line say what it can do, and what was wrong with what somebody typed?
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { GROUPS } from '../../src/cli/main.ts'
import { createProgram } from '../../src/cli/program.ts'
import { createWorld, runCli, runHere } from '../support/cli.ts'

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string
}

/** Those that do something, with the words that call them. */
function leaves(command: Command, words: readonly string[] = []): readonly (readonly [string[], Command])[] {
  if (command.commands.length === 0) return [[[...words], command]]
  return command.commands.flatMap((inner) => leaves(inner, [...words, inner.name()]))
}

describe('lockjar', () => {
  it('prints its version', async () => {
    expect(await runCli(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('prints help where no command is named, and says by its exit code that none was', async () => {
    const { status, stdout, stderr } = await runHere([], createWorld())
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain('Usage: lockjar')
  })

  it.each([
    [['secre'], "unknown command 'secre' (Did you mean secret?)"],
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['secret', '--cuont', '3'], "unknown option '--cuont' (Did you mean --count?)"],
    [
      ['secret', '--count', '0'],
      "option '--count <number>' argument '0' is invalid. Write a whole number from 1 to 100.",
    ],
    [['secret', '--count'], "option '--count <number>' argument missing"],
    [['secret', 'extra'], "too many arguments for 'secret'. Expected 0 arguments but got 1: extra."],
  ])('refuses %j in one line, with exit code 2', async (args, line) => {
    expect(await runHere(args, createWorld())).toEqual({
      status: 2,
      stdout: '',
      stderr: `lockjar: ${line}\n`,
    })
  })

  it('writes nothing that a terminal obeys when it repeats what was typed', async () => {
    const { stderr } = await runHere(['\u001b[2J\u001b]0;owned\u0007x\ny'], createWorld())
    expect(stderr).toBe("lockjar: unknown command 'x y'\n")
  })

  it('ends quietly when whoever reads its output has left', async () => {
    const main = join(import.meta.dirname, '../../src/cli/main.ts')
    const child = spawn(
      'sh',
      [
        '-c',
        `"$0" --conditions=lockjar-source "$1" secret --count 100 | true; echo done`,
        process.execPath,
        main,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk
      })
    await new Promise((resolve) => child.once('close', resolve))
    expect(output).toBe('done\n')
  })
})

describe('every command', () => {
  it('has a description and help with an example', async () => {
    for (const [words, command] of leaves(createProgram(GROUPS, createWorld().io))) {
      expect(command.description(), words.join(' ')).toMatch(/\.$/)
      const { status, stdout, stderr } = await runHere([...words, '--help'], createWorld())
      expect([status, stderr], words.join(' ')).toEqual([0, ''])
      expect(stdout).toContain(`Usage: lockjar ${words.join(' ')}`)
      expect(stdout, words.join(' ')).toMatch(/^Examples?:\n {2}\$ /m)
    }
  })

  it('has help that fits on a terminal of 80 columns', async () => {
    const program = createProgram(GROUPS, createWorld().io)
    for (const [words] of [[[]], ...leaves(program)] as readonly (readonly [string[], ...unknown[]])[]) {
      const { stdout } = await runHere([...words, '--help'], createWorld())
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    }
  })
})

describe('colours', () => {
  const BOLD = '\u001b[1m'
  it.each<[what: string, terminal: boolean, env: Record<string, string>, colours: boolean]>([
    ['are shown on a terminal', true, {}, true],
    ['are not in a file', false, {}, false],
    ['are not where NO_COLOR is set', true, { NO_COLOR: '1' }, false],
    ['are where NO_COLOR is empty', true, { NO_COLOR: '' }, true],
    ['are not on a terminal that has none', true, { TERM: 'dumb' }, false],
  ])('%s', async (_what, terminal, env, colours) => {
    const { stdout } = await runHere(['--help'], createWorld({ terminal, env }))
    expect(stdout.includes(BOLD)).toBe(colours)
    expect(stdout.includes('\u001b')).toBe(colours)
  })
})
