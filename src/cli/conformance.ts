// How well does a sign-in API do, whoever wrote it?
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import type { Profile, Report, RuleResult } from '../testing/index.ts'
import type { CommonOptions } from './command.ts'
import { jsonOption, milliseconds, whole, withExamples } from './command.ts'
import type { Io } from './io.ts'
import { createTable, printJson, styled } from './print.ts'
import { createProgress } from './progress.ts'
import { Refusal } from './refusal.ts'

const ABOUT = `
It uses the API as a browser and as an attacker would: makes accounts, signs in
and out, tries wrong passwords, sends what makes no sense. So it goes to this
machine only, unless you say that you may test another. The profile is a JSON
file that says where things are:

  {
    "name": "our API",
    "register": {
      "path": "/signup",
      "body": { "email": "{email}", "password": "{password}" }
    },
    "login": {
      "path": "/login",
      "body": { "email": "{email}", "password": "{password}" }
    },
    "me": { "path": "/me" },
    "logout": { "path": "/logout" },
    "session": { "cookies": ["session"] }
  }

With "accounts" in place of "register" it uses those that there are; "refresh",
"changePassword" and "change" are steps too.

It ends with 1 where a rule that must hold fails or cannot be judged.`

interface Options extends CommonOptions {
  readonly profile: string
  /** Milliseconds. */
  readonly timeLimit: number
  readonly mostRequests: number
  readonly iMayTestThisHost?: true
}

export function conformance(program: Command, io: Io): void {
  const command = program
    .command('conformance')
    .description('Score any sign-in API over HTTP, by a profile of it.')
    .argument('<url>', 'where it runs: http://localhost:8000')
    .requiredOption('--profile <file>', 'what is where, in JSON')
    .addOption(
      new Option('--time-limit <duration>', 'for the whole run')
        .default(300_000, '5m')
        .argParser(milliseconds(1000, 3_600_000)),
    )
    .addOption(
      new Option('--most-requests <number>', 'no more are sent').default(500).argParser(whole(1, 10_000)),
    )
    .option('--i-may-test-this-host', 'it is not this machine, and you may test it')
    .addOption(jsonOption())
    .addHelpText('after', ABOUT)
    .action((url: string, options: Options) => run(io, url, options))
  withExamples(command, [
    'lockjar conformance http://localhost:8000 --profile profile.json',
    'lockjar conformance http://localhost:8000 --profile profile.json --json',
  ])
}

async function run(io: Io, url: string, options: Options): Promise<void> {
  const profile = readProfileFile(resolve(io.cwd, options.profile))
  const { RULES, runConformance } = await import('../testing/index.ts')
  const progress = createProgress(io, 'rules', RULES.length)
  let done = 0
  const report = await runConformance(url, profile, {
    timeLimit: options.timeLimit,
    mostRequests: options.mostRequests,
    anyHost: options.iMayTestThisHost ?? false,
    clock: io.clock,
    onResult: () => progress.update(++done),
  })
    .catch((error: unknown) => {
      if (error instanceof TypeError) throw new Refusal('unavailable', error.message)
      throw error
    })
    .finally(() => progress.close())
  await (options.json ? printJson(io, report) : printReport(io, report))
  if (!report.ok) throw new Refusal('no', shortfall(report))
}

function shortfall(report: Report): string {
  const open = report.results.filter(({ level, verdict }) => level === 'must' && verdict === 'unknown').length
  const failing = failed(report, 'must').length
  const told = [
    failing > 0 && (failing === 1 ? '1 rule fails that must hold' : `${failing} rules fail that must hold`),
    open > 0 && `of ${open} that must hold nothing was found out`,
  ]
  return told.filter(Boolean).join('; ')
}

/** Its shape is judged by the kit. */
function readProfileFile(file: string): Profile {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Profile
  } catch (cause) {
    const reason =
      cause instanceof SyntaxError
        ? 'it is no JSON'
        : cause instanceof Error && 'code' in cause
          ? String(cause.code)
          : String(cause)
    throw new Refusal('unavailable', `the profile cannot be read: ${reason}`, { cause })
  }
}

const failed = ({ results }: Report, level: RuleResult['level']): readonly RuleResult[] =>
  results.filter((result) => result.verdict === 'fail' && result.level === level)

async function printReport(io: Io, report: Report): Promise<void> {
  await createTable(io, ['RULE', 'LEVEL', 'VERDICT', 'SEEN']).add(
    report.results.map(({ id, level, verdict, evidence }) => [id, level, verdict, evidence]),
  )
  for (const { id, what, why, reference } of [...failed(report, 'must'), ...failed(report, 'should')]) {
    await io.stdout.write(`\n${styled(io, 'bold', id)}: ${what}\n  ${why}\n  ${reference}\n`)
  }
  const count = (verdict: RuleResult['verdict']): number =>
    report.results.filter((each) => each.verdict === verdict).length
  const counts = `${count('pass')} passed, ${count('fail')} failed, ${count('not applicable')} not applicable, ${count('unknown')} unknown`
  await io.stdout.write(`\n${report.name}: ${report.score} of 100 (${counts}; ${report.requests} requests)\n`)
}
