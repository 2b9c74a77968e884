// Of what is there only so much, and who shares it?
import type { Window } from './count.ts'

/**
 * What is counted: `password`, tries of a password at any door; `register`; `mail`, mails that somebody may cause to be sent;
 * `reset`, of these the links for a lost password; `change`, changes of address that a user asks for; `token`, tries of one-time tokens.
 */
export type LimitedAct = 'password' | 'register' | 'mail' | 'reset' | 'change' | 'token'

/**
 * Who shares a budget. `pair`: one account, or address, from one network. `account`: from all networks; of a password, from all that it does not know.
 * `network`: one network, whatever the account. `global`: everybody at networks that their account does not know.
 */
export type Scope = 'pair' | 'account' | 'network' | 'global'

/** Each is judged by all of its windows, shortest first. None: not limited in that scope. */
export type Budgets = Readonly<Record<LimitedAct, Readonly<Partial<Record<Scope, readonly Window[]>>>>>

/** What the sender of a request may know of one window of one budget: never of one in which strangers have a part. */
export interface Quota {
  readonly act: LimitedAct
  readonly scope: 'pair' | 'network'
  readonly limit: number
  readonly remaining: number
  /** Milliseconds. */
  readonly period: number
  /** Milliseconds until all are there again. */
  readonly resetsIn: number
}
