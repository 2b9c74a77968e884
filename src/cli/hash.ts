// How does an operator choose what hashing a password costs here?
import type { Command } from 'commander'
import { Option } from 'commander'
import type { Calibration, Candidate } from './calibrate.ts'
import { calibrate } from './calibrate.ts'
import type { CommonOptions } from './command.ts'
import { jsonOption, milliseconds, withExamples } from './command.ts'
import type { Io } from './io.ts'
import { thisMachine } from './machine.ts'
import { createTable, printJson, styled } from './print.ts'
import { createProgress } from './progress.ts'

interface Options extends CommonOptions {
  /** Milliseconds, both. */
  readonly target: number
  readonly budget: number
}

const ABOUT = `
A sign-in should cost a guesser as much as your users can bear. The proposal is
the most memory, and then the most passes, that stay within the target while
every hashing thread is at work; never below OWASP's minimum. All threads
together may take a quarter of the memory. Run it on the machine that will
serve, and while it is as busy as it usually is.`

export function hash(program: Command, io: Io): void {
  const group = program.command('hash').description('Choose what hashing a password costs.')
  const command = group
    .command('calibrate')
    .description('Measure Argon2id on this machine, and propose cost parameters.')
    .addOption(
      new Option('--target <duration>', 'longest that one sign-in may take')
        .default(250, '250ms')
        .argParser(milliseconds(10, 10_000)),
    )
    .addOption(
      new Option('--budget <duration>', 'longest that measuring may take')
        .default(20_000, '20s')
        .argParser(milliseconds(1000, 600_000)),
    )
    .addOption(jsonOption())
    .addHelpText('after', ABOUT)
    .action((options: Options) => run(io, options))
  withExamples(command, ['lockjar hash calibrate', 'lockjar hash calibrate --target 500ms --json'])
}

async function run(io: Io, { target, budget, json }: Options): Promise<void> {
  const machine = thisMachine(io.clock)
  const progress = createProgress(io, 'measuring', budget)
  progress.update(0)
  const found = await calibrate(machine, { target, budget }, io.clock, progress.update).finally(
    progress.close,
  )
  const { proposal, candidates, limits } = found
  const env = toVariables(proposal)
  if (json) {
    const { threads } = machine
    return printJson(io, {
      threads,
      target,
      candidates: candidates.map(rounded),
      proposal: rounded(proposal),
      limits,
      env,
    })
  }
  await createTable(io, ['MEMORY', 'PASSES', 'ONE SIGN-IN', 'SIGN-INS/S', 'ALL THREADS', '']).add(
    candidates.map((candidate) => toRow(candidate, machine.threads, candidate === proposal)),
  )
  await io.stdout.write(`\n${explain(found, machine.threads, target)}\n\n`)
  for (const [name, value] of Object.entries(env))
    await io.stdout.write(`${styled(io, 'bold', name)}=${value}\n`)
}

function toRow(candidate: Candidate, threads: number, isProposed: boolean): readonly string[] {
  const { memory, passes, milliseconds: time, signInsPerSecond } = candidate
  return [
    toMebibytes(memory),
    String(passes),
    `${time.toFixed(0)} ms`,
    signInsPerSecond.toFixed(1),
    toMebibytes(memory * threads),
    isProposed ? '<- proposed' : '',
  ]
}

const rounded = (candidate: Candidate): Candidate => ({
  ...candidate,
  milliseconds: Math.round(candidate.milliseconds * 10) / 10,
  signInsPerSecond: Math.round(candidate.signInsPerSecond * 10) / 10,
})

const toMebibytes = (kibibytes: number): string => `${Math.round(kibibytes / 1024)} MiB`

const LIMITS: Readonly<Record<Calibration['limits'][number], string>> = {
  slow: 'Even the least that is safe takes longer than the target here.',
  memory: 'More memory was not tried: all threads together may take a quarter of it.',
  budget: 'More was not tried for want of time; give it more with --budget.',
}

function explain({ proposal, limits }: Calibration, threads: number, target: number): string {
  const cost = `${toMebibytes(proposal.memory)} and ${proposal.passes === 1 ? 'one pass' : `${proposal.passes} passes`}`
  const who = threads === 1 ? 'one thread' : `${threads} threads`
  const lines = [
    `Proposed for a target of ${target} ms with ${who}: ${cost}.`,
    'Existing hashes are brought up to date as their users sign in.',
    ...limits.map((limit) => LIMITS[limit]),
  ]
  return lines.join('\n')
}

function toVariables({ memory, passes, parallelism }: Candidate): Readonly<Record<string, number>> {
  return {
    LOCKJAR_ARGON2_MEMORY: memory,
    LOCKJAR_ARGON2_PASSES: passes,
    LOCKJAR_ARGON2_PARALLELISM: parallelism,
  }
}
