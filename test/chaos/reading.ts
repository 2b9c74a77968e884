// What does a history say of one session, of one user, and of the moment in which a node answered?
import type { Fault, History, Operation } from './history.ts'

/** Promise 2: no request that begins so many milliseconds after the acknowledgement is accepted. */
export const STALENESS_BOUND = 2000
/** The default of `refreshToken.grace`, milliseconds. */
export const GRACE = 10_000
/** Milliseconds by which two processes may round one instant apart. */
export const ROUNDING = 10

export interface Session {
  readonly id: string
  readonly user: string
  /** The answer with which somebody came to know of it. */
  readonly begunBy: Operation
  /** What showed its credentials, by start. */
  readonly uses: readonly Operation[]
  /** What may have ended it, by start; `certainly` where it was acknowledged. */
  readonly ends: readonly End[]
}

export interface End {
  readonly by: Operation
  readonly certainly: boolean
}

export interface Reading {
  readonly history: History
  readonly sessions: readonly Session[]
  /** By user. */
  readonly users: ReadonlyMap<string, readonly Operation[]>
  /** Whether the storm came to its end, where everybody was asked for. */
  readonly hasEnd: boolean
}

/** `nothing`: it was refused before it did anything. `perhaps`: nobody knows. */
export function effectOf({ kind, outcome, code }: Operation): 'done' | 'perhaps' | 'nothing' {
  if (outcome === 'ok') return 'done'
  if (outcome === 'unknown') return 'perhaps'
  // The account was changed by somebody else meanwhile: what came before that in the act has been done.
  const late = code === 'invalid_credentials' && ['register', 'login', 'change-password'].includes(kind)
  return late || (kind === 'change-password' && code === 'conflict') ? 'perhaps' : 'nothing'
}

/** Whether ending this session is what the operation is about. */
function concerns(
  { kind, code, user, session, target, begun }: Operation,
  id: string,
  owner: string,
): boolean {
  switch (kind) {
    case 'logout':
    // The session that the browser carried until then.
    case 'login':
    case 'register':
      return session === id
    case 'revoke':
      return target === id
    case 'logout-all':
      return user === owner
    case 'revoke-others':
      return user === owner && session !== id
    case 'change-password':
      // One that comes too late has ended the others, and not its own.
      return user === owner && begun !== id && !(code === 'conflict' && session === id)
    default:
      return false
  }
}

function endsOf(id: string, begunBy: Operation, ofUser: readonly Operation[]): readonly End[] {
  const ends: End[] = []
  for (const by of ofUser) {
    const effect = effectOf(by)
    if (by === begunBy || effect === 'nothing' || !concerns(by, id, begunBy.user)) continue
    // One that began at the same time may have come after it.
    const wasThere = by.session === id || by.target === id || begunBy.end < by.start
    ends.push({ by, certainly: effect === 'done' && wasThere })
  }
  return ends
}

export function readHistory(history: History): Reading {
  const operations = history.operations.toSorted((a, b) => a.start - b.start)
  const users = Map.groupBy(operations, ({ user }) => user)
  const uses = Map.groupBy(operations, ({ session }) => session)
  const sessions = operations.flatMap((begunBy): readonly Session[] => {
    const { begun: id, user } = begunBy
    if (id === null) return []
    const ends = endsOf(id, begunBy, users.get(user) ?? [])
    return [{ id, user, begunBy, uses: uses.get(id) ?? [], ends }]
  })
  const hasEnd = operations.some(({ phase }) => phase === 'end')
  return { history, sessions, users, hasEnd }
}

/** Whether `first` was over, with all that it may have done, before `second` began. */
export const isBefore = (first: Operation, second: Operation): boolean => first.until < second.start

/**
 * The earliest instant at which the node can have judged the request. What was sent to a process that stood still was judged after it
 * woke: the pause is no excuse.
 */
export function judgedFrom({ node, start }: Operation, faults: readonly Fault[]): number {
  const pause = faults.find(
    (fault) => fault.kind === 'pause' && fault.node === node && fault.start <= start && start <= fault.end,
  )
  return pause?.end ?? start
}

export const isRead = ({ kind }: Operation): boolean => kind === 'me' || kind === 'verify'
