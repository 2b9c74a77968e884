// How does a test use the command line: as a process of its own, or in this one with a world made up?
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Input, Io, Output } from '../../src/cli/io.ts'
import { GROUPS } from '../../src/cli/main.ts'
import { run } from '../../src/cli/program.ts'
import { systemClock } from '../../src/drivers/node/clock.ts'

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What is piped into it. */
  readonly input?: string
}

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

/** Whatever becomes of a test, no process outlives it. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

const folders: string[] = []
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A folder that is gone when the tests are. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-cli-'))
  folders.push(folder)
  return folder
}

/** `lockjar …` as a process that is still running. */
export function startCli(args: readonly string[], { cwd, env = {} }: RunOptions = {}): ChildProcess {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:LOCKJAR_|HOST$|PORT$|NO_COLOR$|FORCE_COLOR$)/.test(name),
    ),
  )
  const child = spawn(process.execPath, ['--conditions=lockjar-source', MAIN, ...args], {
    cwd: cwd ?? createFolder(),
    env: { ...clean, ...env },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** `lockjar …` as a process, to its end. */
export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = startCli(args, options)
  // One that ends without reading what it is sent is no fault of the test.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new Error('the process has no output')
  const [out, err, [status]] = await Promise.all([text(stdout), text(stderr), once(child, 'close')])
  return { status: status as number | null, stdout: out, stderr: err }
}

export interface World {
  readonly io: Io
  readonly stdin: PassThrough
  /** What has been written so far. */
  stdout(): string
  stderr(): string
  /** As a signal would. */
  stop(): void
  /** Whether the terminal was left in raw mode. */
  readonly raw: boolean
}

export interface WorldOptions extends Pick<RunOptions, 'cwd' | 'env'> {
  /** Of standard input, output and error. */
  readonly terminal?: boolean
  readonly columns?: number
  readonly clock?: Io['clock']
}

/** A world in which a command runs within this process. */
export function createWorld({
  terminal = false,
  columns = 80,
  clock = systemClock,
  cwd,
  env = {},
}: WorldOptions = {}): World {
  const written: [string, string] = ['', '']
  const output = (at: 0 | 1): Output => ({
    isTTY: terminal,
    columns,
    async write(chunk) {
      written[at] += chunk
    },
  })
  const stops = new Set<() => void>()
  const stdin = new PassThrough()
  let raw = false
  let folder = cwd
  const input: Input = Object.assign(stdin, {
    isTTY: terminal,
    setRawMode(on: boolean) {
      raw = on
    },
  })
  return {
    stdin,
    stdout: () => written[0],
    stderr: () => written[1],
    stop: () => {
      for (const stop of stops) stop()
    },
    get raw() {
      return raw
    },
    io: {
      stdin: input,
      stdout: output(0),
      stderr: output(1),
      env,
      get cwd() {
        folder ??= createFolder()
        return folder
      },
      clock,
      onStop(stop) {
        stops.add(stop)
        return () => stops.delete(stop)
      },
      onRestart: () => () => {},
      hold: () => () => {},
    },
  }
}

/** `lockjar …` in this process, to its end. */
export async function runHere(args: readonly string[], world: World): Promise<Ran> {
  const status = await run(GROUPS, args, world.io)
  return { status, stdout: world.stdout(), stderr: world.stderr() }
}
