// Does a history keep what is promised?
import type { History } from './history.ts'
import { readHistory } from './reading.ts'
import { accountsServed, oneAccount, passwordsKept, passwordsReplaced, rolesKept } from './rules/accounts.ts'
import { crashes, refusals, serverErrors } from './rules/answers.ts'
import { neverBack, oneLineage, oneToken, reuseEnds } from './rules/lineage.ts'
import type { Finding, Rule } from './rules/rule.ts'
import { endsKept, nobodySignedOut, sessionsServed } from './rules/sessions.ts'

export const RULES: readonly Rule[] = [
  oneAccount,
  passwordsKept,
  passwordsReplaced,
  accountsServed,
  rolesKept,
  endsKept,
  nobodySignedOut,
  sessionsServed,
  oneToken,
  neverBack,
  oneLineage,
  reuseEnds,
  serverErrors,
  refusals,
  crashes,
]

export interface Violation extends Finding {
  readonly rule: string
  readonly promise: string
}

export function check(history: History): readonly Violation[] {
  const reading = readHistory(history)
  return RULES.flatMap(({ name, promise, find }) =>
    [...find(reading)].map((found) => ({ rule: name, promise, ...found })),
  )
}
