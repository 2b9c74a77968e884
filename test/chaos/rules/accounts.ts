// Is every acknowledged registration and change of password still there?
import type { Kind, Operation } from '../history.ts'
import type { Reading } from '../reading.ts'
import { effectOf, isBefore, judgedFrom, ROUNDING, STALENESS_BOUND } from '../reading.ts'
import type { Finding, Rule } from './rule.ts'
import { apart, finding } from './rule.ts'

const writesPassword = (operation: Operation): boolean =>
  (operation.kind === 'register' || operation.kind === 'change-password') &&
  effectOf(operation) !== 'nothing' &&
  operation.code !== 'conflict'

/** Beside a change of the password: what changes an account, as a sign-in under way sees it. */
const RAISE: ReadonlySet<Kind> = new Set(['set-roles', 'logout-all'])

/** Milliseconds for which a statement may lie on a line that has stalled, after the node has given it up. */
const LATE = 10_000

const endOf = ({ outcome, until }: Operation): number => (outcome === 'unknown' ? until + LATE : until)

/** Two that are acknowledged for one address are a violation: one of the two owns an account that the other can sign in to. */
export const oneAccount: Rule = {
  name: 'one account',
  promise: 'of any number of registrations of one address one is acknowledged',
  *find({ users }: Reading): Generator<Finding> {
    for (const operations of users.values()) {
      const [first, second] = operations.filter(
        ({ kind, outcome }) => kind === 'register' && outcome === 'ok',
      )
      if (first && second) yield finding('one address was registered twice', first, second)
    }
  },
}

/**
 * A sign-in with a password that was acknowledged, and that nothing can have replaced, is a violation where it is refused. Nothing
 * follows where another change may have been written after it: one that overlaps, or one of which nobody knows and which
 * may still have been under way; nor where roles change or all sessions end meanwhile, for a sign-in that races any change of the account is refused.
 */
export const passwordsKept: Rule = {
  name: 'passwords kept',
  promise: 'no acknowledged registration or change of password is lost',
  *find({ users }: Reading): Generator<Finding> {
    for (const operations of users.values()) {
      const writes = operations.filter(writesPassword)
      for (const login of operations) {
        if (login.kind !== 'login' || login.code !== 'invalid_credentials') continue
        const write = writes.find((each) => each.password === login.password && each.outcome === 'ok')
        if (!write || write.end >= login.start) continue
        const mayReplace = (other: Operation): boolean =>
          other.password !== login.password && other.start < login.end && !isBefore(other, write)
        const races = (other: Operation): boolean =>
          RAISE.has(other.kind) && other.start < login.end && endOf(other) > login.start
        if (writes.some(mayReplace) || operations.some(races)) continue
        yield finding(`the acknowledged password ${login.password} is refused`, write, login)
      }
    }
  },
}

/**
 * A sign-in that begins after another password was acknowledged is a violation where the old one is accepted. Nothing follows of one
 * that may have been written after that: each change asks for the revision that it has read, so one that was over before has lost.
 */
export const passwordsReplaced: Rule = {
  name: 'passwords replaced',
  promise: 'after an acknowledged change the old password is worth nothing',
  *find({ users }: Reading): Generator<Finding> {
    for (const operations of users.values()) {
      const writes = operations.filter(writesPassword)
      for (const login of operations) {
        if (login.kind !== 'login' || login.outcome !== 'ok') continue
        const own = writes.filter(({ password }) => password === login.password)
        const newer = writes.find(
          (other) =>
            other.password !== login.password &&
            other.outcome === 'ok' &&
            other.end < login.start &&
            own.every((write) => isBefore(write, other)),
        )
        if (newer) yield finding(`the replaced password ${login.password} is accepted`, ...own, newer, login)
      }
    }
  },
}

/**
 * A read that shows roles which an acknowledged change has replaced is a violation after the staleness bound, and at once at the node
 * that acknowledged it. Nothing follows where the roles shown were written by a change of which nobody knows when it was made.
 */
export const rolesKept: Rule = {
  name: 'roles kept',
  promise: 'roles that were taken away are shown to nobody after the staleness bound',
  *find({ history, users }: Reading): Generator<Finding> {
    for (const operations of users.values()) {
      const changes = operations.filter(({ kind }) => kind === 'set-roles')
      const done = changes.filter(({ outcome }) => outcome === 'ok')
      for (const read of operations) {
        if (read.kind === 'set-roles' || read.outcome !== 'ok' || read.roles === null) continue
        const shown = changes.find(({ roles }) => roles === read.roles)
        if (shown ? shown.outcome !== 'ok' : read.roles !== '') continue
        const from = judgedFrom(read, history.faults)
        const newer = done.find((change) => {
          if (shown && shown.end >= change.start) return false
          const isOwn = change.node === read.node && change.life === read.life
          return from > change.end + (isOwn ? 0 : STALENESS_BOUND + ROUNDING)
        })
        if (newer)
          yield finding(`old roles are shown ${apart(newer.end, from)} after the change`, newer, read)
      }
    }
  },
}

/** Whoever was told that they have an account, and cannot sign in at the end, when all is whole again, shows a violation. */
export const accountsServed: Rule = {
  name: 'accounts served',
  promise: 'at the end everybody who was told that they have an account can sign in',
  *find({ users, hasEnd }: Reading): Generator<Finding> {
    if (!hasEnd) return
    for (const operations of users.values()) {
      const registered = operations.find(({ kind, outcome }) => kind === 'register' && outcome === 'ok')
      const logins = operations.filter(({ kind, phase }) => kind === 'login' && phase === 'end')
      if (!registered || logins.some(({ outcome }) => outcome === 'ok')) continue
      yield finding('an account cannot be signed in to', registered, ...logins.slice(-3))
    }
  },
}
