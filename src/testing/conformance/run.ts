// How well does a sign-in API do, seen from outside?
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isLoopbackHost } from '../../core/origin/origin.ts'
import { systemClock } from '../../drivers/node/clock.ts'
import type { Clock } from '../../ports/clock.ts'
import { overNetwork } from '../browser/network.ts'
import type { Handler } from '../browser/send.ts'
import { Examiner } from './examiner.ts'
import type { Profile } from './profile.ts'
import { readProfile } from './profile.ts'
import type { Finding, Rule } from './rule.ts'
import { unknown } from './rule.ts'
import { ANSWER_RULES } from './rules/answers.ts'
import { COOKIE_RULES } from './rules/cookies.ts'
import { FORGERY_RULES } from './rules/forgery.ts'
import { REFRESH_RULES } from './rules/refresh.ts'
import { SESSION_RULES } from './rules/sessions.ts'

/** In the order of the report. The last of all tries wrong passwords until it is slowed down. */
export const RULES: readonly Rule[] = [
  ...COOKIE_RULES,
  ...SESSION_RULES,
  ...REFRESH_RULES,
  ...FORGERY_RULES,
  ...ANSWER_RULES,
]

export type RuleResult = Omit<Rule, 'check'> & Finding

export interface Report {
  readonly name: string
  readonly url: string
  readonly results: readonly RuleResult[]
  /** From 0 to 100: of the rules that pass or fail, where a `must` counts twice. */
  readonly score: number
  /** No `must` has failed, and each could be judged: a server that broke down on the way has shown nothing. */
  readonly ok: boolean
  readonly requests: number
}

export interface ConformanceOptions {
  /** Default: over the network. */
  readonly handler?: Handler
  /** Default 500. */
  readonly mostRequests?: number
  /** For the whole run, in milliseconds. Default five minutes. */
  readonly timeLimit?: number
  /** The kit makes accounts, tries wrong passwords and sends what makes no sense: elsewhere than on this machine it must be allowed to. */
  readonly anyHost?: boolean
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now' | 'monotonic'>
  /** Default: by the system's timers. */
  readonly wait?: (milliseconds: number) => Promise<unknown>
  /** Told of each rule as it is done. */
  readonly onResult?: (result: RuleResult) => void
}

const MOST_REQUESTS = 500
const TIME_LIMIT = 300_000

/**
 * Scores any sign-in API over HTTP, whoever wrote it and in whatever language.
 *
 * @throws {TypeError} for a profile that cannot be read, a host that is not this machine, or an API that does not sign in as the
 * profile says.
 *
 * @example
 * ```ts
 * import { runConformance } from 'lockjar/testing'
 *
 * const report = await runConformance('http://localhost:8000', {
 *   name: 'our API',
 *   register: { path: '/signup', body: { email: '{email}', password: '{password}' } },
 *   login: { path: '/login', body: { email: '{email}', password: '{password}' } },
 *   me: { path: '/me' },
 *   logout: { path: '/logout' },
 *   session: { cookies: ['session'] },
 * })
 * console.log(report.score, report.results.filter(({ verdict }) => verdict === 'fail'))
 * ```
 */
export async function runConformance(
  url: string,
  profile: Profile,
  options: ConformanceOptions = {},
): Promise<Report> {
  const known = readProfile(profile)
  const origin = toOrigin(url, options.anyHost ?? false)
  const { clock = systemClock, wait = sleep, mostRequests = MOST_REQUESTS, timeLimit = TIME_LIMIT } = options
  const budget = { clock, wait, mostRequests, endsAt: clock.monotonic() + timeLimit }
  const nonce = randomBytes(4).toString('hex')
  const exam = new Examiner(origin, known, options.handler ?? overNetwork(), budget, nonce)
  await trySignIn(exam)
  const results: RuleResult[] = []
  for (const { check, ...rule } of RULES) {
    const result = { ...rule, ...(await examine(exam, check)) }
    results.push(result)
    options.onResult?.(result)
  }
  const ok = !results.some(({ level, verdict }) => level === 'must' && /fail|unknown/.test(verdict))
  return { name: known.name, url: origin, results, score: scoreOf(results), ok, requests: exam.requests }
}

function toOrigin(url: string, anyHost: boolean): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new TypeError(`${JSON.stringify(url)} is no http or https address`)
  const { origin, hostname } = new URL(url)
  if (anyHost || isLoopbackHost(hostname)) return origin
  throw new TypeError(
    `${hostname} is not this machine; the kit makes accounts and tries wrong passwords there, so whoever runs it has to allow that: --i-may-test-this-host, or anyHost`,
  )
}

/** Otherwise every rule would fail or pass for the wrong reason. */
async function trySignIn(exam: Examiner): Promise<void> {
  try {
    const visitor = await exam.signIn()
    if (await visitor.isSignedIn()) return
  } catch (cause) {
    throw new TypeError(`the profile does not fit: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    })
  }
  const { path } = exam.profile.me
  throw new TypeError(`the profile does not fit: after signing in, ${path} does not know who asks`)
}

async function examine(exam: Examiner, check: Rule['check']): Promise<Finding> {
  if (!exam.hasTimeLeft) return unknown('no requests or no time are left')
  try {
    return await check(exam)
  } catch (error) {
    return unknown(
      error instanceof Error ? error.message.slice(0, LONGEST_REASON) : 'it could not be found out',
    )
  }
}

const LONGEST_REASON = 200
const WEIGHT = { must: 2, should: 1 } as const

function scoreOf(results: readonly RuleResult[]): number {
  const judged = results.filter(({ verdict }) => verdict === 'pass' || verdict === 'fail')
  const sum = (of: readonly RuleResult[]): number => of.reduce((total, { level }) => total + WEIGHT[level], 0)
  const total = sum(judged)
  return total === 0 ? 0 : Math.round((100 * sum(judged.filter(({ verdict }) => verdict === 'pass'))) / total)
}
