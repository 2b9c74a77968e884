// Is what the server cannot do said in the one way that clients wait for?
import type { Kind, Operation } from '../history.ts'
import type { Reading } from '../reading.ts'
import type { Finding, Rule } from './rule.ts'
import { finding } from './rule.ts'

/**
 * Of each kind: with what it may be refused here. Anything else is a request that the storm did not mean to send, or an answer that
 * nobody promised. `rate_limited` is not among those of reads, refresh and sign-out, which are not limited.
 */
const REFUSALS: Readonly<Record<Kind, readonly string[]>> = {
  register: ['conflict', 'invalid_credentials', 'rate_limited'],
  login: ['invalid_credentials', 'rate_limited'],
  refresh: ['unauthenticated', 'session_revoked'],
  logout: ['unauthenticated'],
  'logout-all': ['unauthenticated', 'token_expired', 'session_revoked'],
  revoke: ['unauthenticated', 'token_expired', 'session_revoked', 'not_found'],
  'revoke-others': ['unauthenticated', 'token_expired', 'session_revoked'],
  'change-password': [
    'unauthenticated',
    'token_expired',
    'session_revoked',
    'invalid_credentials',
    'conflict',
    'rate_limited',
  ],
  'set-roles': [],
  me: ['unauthenticated', 'token_expired', 'session_revoked'],
  verify: ['unauthenticated', 'token_expired', 'session_revoked'],
}

/**
 * An answer of the 500s that is not 503 with a whole number of seconds is one: it says that the server does not know what is wrong.
 * A connection that breaks is none: nobody can say whether a process that is killed had an answer.
 */
export const serverErrors: Rule = {
  name: 'server errors',
  promise: 'the only server error is 503, and it says with Retry-After when to come again',
  *find({ history }: Reading): Generator<Finding> {
    for (const operation of history.operations) {
      const { kind, status, retryAfter } = operation
      if (status === null || status < 500) continue
      if (status !== 503) yield finding(`${kind} was answered ${status}`, operation)
      else if (retryAfter === null || retryAfter < 1)
        yield finding(`${kind} was answered 503 without Retry-After`, operation)
    }
  },
}

/** A refusal that the kind does not have is one, whatever happened: no fault makes a good request a bad one. */
export const refusals: Rule = {
  name: 'refusals',
  promise: 'no fault is taken for a fault of the sender',
  *find({ history }: Reading): Generator<Finding> {
    for (const operation of history.operations) {
      const { kind, outcome, status, code } = operation
      if (outcome === 'failed' && !REFUSALS[kind].includes(code ?? ''))
        yield finding(`${kind} was refused with ${status} ${code}`, operation)
    }
  },
}

/** A process that ends by itself is one, whatever was asked of it. */
export const crashes: Rule = {
  name: 'crashes',
  promise: 'no fault of its surroundings ends a node',
  *find({ history }: Reading): Generator<Finding> {
    for (const { node, at, code } of history.exits) {
      const last = (operation: Operation): boolean =>
        operation.node === node && operation.start < at && operation.until >= at - 1000
      yield finding(`node ${node} ended by itself (${code})`, ...history.operations.filter(last).slice(-5))
    }
  },
}
