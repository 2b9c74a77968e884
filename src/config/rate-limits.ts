// Which budgets hold, and do they make sense?
import * as v from 'valibot'
import type { Budgets, LimitedAct, Scope } from '../core/rate-limit/budget.ts'
import type { Window } from '../core/rate-limit/count.ts'
import { duration, fail, ms, SECOND } from './check.ts'
import { DEFAULTS } from './defaults.ts'

const DAY = 86_400 * SECOND
const LONGEST_PERIOD = 90 * DAY
const MOST_WINDOWS = 4

/** As they come out of the schema. Durations in milliseconds. */
interface ParsedWindow {
  readonly limit: number
  readonly period: number
  readonly longestWait?: number | undefined
}

type Scopes = { readonly [scope in Scope]?: readonly ParsedWindow[] | undefined }

export type ParsedBudgets = { readonly [act in LimitedAct]?: Scopes | undefined }

const window: v.GenericSchema<object, ParsedWindow> = v.strictObject({
  limit: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(1, 'must be at least 1'),
    v.maxValue(1_000_000, 'must be at most 1000000'),
  ),
  period: duration,
  longestWait: v.optional(duration),
})
const windows = v.optional(
  v.pipe(v.array(window), v.maxLength(MOST_WINDOWS, `must have at most ${MOST_WINDOWS} windows`)),
)

export const budgetsSchema: v.GenericSchema<object, ParsedBudgets> = v.strictObject({
  password: v.optional(
    v.strictObject({ pair: windows, account: windows, network: windows, global: windows }),
  ),
  register: v.optional(v.strictObject({ network: windows })),
  mail: v.optional(v.strictObject({ pair: windows, account: windows, network: windows })),
  reset: v.optional(v.strictObject({ account: windows })),
  change: v.optional(v.strictObject({ account: windows })),
  token: v.optional(v.strictObject({ network: windows })),
})

export function resolveBudgets(chosen: ParsedBudgets | undefined): Budgets {
  const acts = Object.entries(DEFAULTS.budgets).map(([act, scopes]) => [
    act,
    Object.fromEntries(
      Object.entries(scopes).map(([scope, defaults]) => {
        const own = chosen?.[act as LimitedAct]?.[scope as Scope]
        return [
          scope,
          own ? checkWindows(`budgets.${act}.${scope}`, own.map(toWindow)) : defaults.map(readDefault),
        ]
      }),
    ),
  ])
  const budgets = Object.fromEntries(acts) as Budgets
  for (const act of ['password', 'mail'] as const) checkScopes(act, budgets[act])
  return budgets
}

const toWindow = ({ limit, period, longestWait = period }: ParsedWindow): Window => ({
  limit,
  period,
  longestWait,
})

interface WrittenWindow {
  readonly limit: number
  readonly period: string
  readonly longestWait?: string
}

const readDefault = ({ limit, period, longestWait = period }: WrittenWindow): Window => ({
  limit,
  period: ms(period),
  longestWait: ms(longestWait),
})

/** A longer window that is not lower as a rate, or that allows less than a shorter one, would make one of the two useless. */
function checkWindows(option: string, chosen: readonly Window[]): readonly Window[] {
  for (const [at, { limit, period, longestWait }] of chosen.entries()) {
    if (longestWait < period) fail(`option ${option}: longestWait must be at least as long as period`)
    if (longestWait > LONGEST_PERIOD) fail(`option ${option}: periods and waits are at most 90d`)
    const before = chosen[at - 1]
    if (!before) continue
    if (period <= before.period || limit <= before.limit)
      fail(`option ${option}: write the shortest window first; each next one is longer and allows more`)
    if (limit / period >= before.limit / before.period)
      fail(`option ${option}: a window that allows ${limit} could never matter beside the shorter one`)
  }
  return chosen
}

/** Of the shortest windows: an account that has less than each of its networks would be locked by the first. */
function checkScopes(act: LimitedAct, { pair, account, network }: Budgets[LimitedAct]): void {
  const [own] = pair ?? []
  for (const [scope, [wider]] of Object.entries({ account: account ?? [], network: network ?? [] })) {
    if (own && wider && wider.limit < own.limit)
      fail(`option budgets.${act}.${scope}: must allow at least as many as budgets.${act}.pair`)
  }
}
