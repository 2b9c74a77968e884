// Is what was ended ended, and nobody else signed out?
import type { Fault, Operation } from '../history.ts'
import type { Reading, Session } from '../reading.ts'
import { GRACE, isRead, judgedFrom, ROUNDING, STALENESS_BOUND } from '../reading.ts'
import type { Finding, Rule } from './rule.ts'
import { apart, finding } from './rule.ts'

const usesSession = (operation: Operation): boolean => isRead(operation) || operation.kind === 'refresh'

/** Everything from which the session is known to have ended: what acknowledged it, and whoever was told so. */
function acknowledgements({ ends, uses }: Session): readonly Operation[] {
  const told = uses.filter((use) => usesSession(use) && use.code === 'session_revoked')
  return [...ends.filter(({ certainly }) => certainly).map(({ by }) => by), ...told]
}

/**
 * From when on an acknowledgement forbids this use. A refresh asks the row, so at once; so does a read where the node itself has ended
 * the session, or refused it by what it knows, until it is started again, which does not make it forget. Everywhere else a read
 * is judged by what the node knew at most `STALENESS_BOUND` before: also where the row was asked and said so. A read
 * that began before is no violation however late its answer: it may have been judged at its start.
 */
function forbidsFrom(acknowledgement: Operation, use: Operation): number {
  const { kind, outcome, end, node, life } = acknowledgement
  if (use.kind === 'refresh') return end
  const isKnownThere = outcome === 'ok' || kind === 'verify'
  const isThere = use.node === node && use.life === life
  return isThere && isKnownThere ? end : end + STALENESS_BOUND + ROUNDING
}

/**
 * An accepted use of a session that is known to have ended is a violation. An end of unknown outcome forbids nothing, until somebody
 * is told `session_revoked`: from then on it has been made.
 */
export const endsKept: Rule = {
  name: 'ends kept',
  promise:
    'what was ended is accepted nowhere later than the staleness bound after the acknowledgement, at once where it was acknowledged, and no refresh renews it',
  *find({ history, sessions }: Reading): Generator<Finding> {
    for (const session of sessions) {
      const known = acknowledgements(session)
      for (const use of session.uses) {
        if (!usesSession(use) || use.outcome !== 'ok') continue
        const found = firstBroken(known, use, history.faults)
        if (found) yield found
      }
    }
  },
}

function firstBroken(
  known: readonly Operation[],
  use: Operation,
  faults: readonly Fault[],
): Finding | undefined {
  const from = judgedFrom(use, faults)
  const broken = known.find((acknowledgement) => from > forbidsFrom(acknowledgement, use))
  if (!broken) return undefined
  const late = apart(broken.end, from)
  return finding(
    `an ended session was accepted by ${use.kind}, ${late} after ${broken.kind} said so`,
    broken,
    use,
  )
}

/**
 * A refusal of a session that nobody can have ended is a violation: `token_expired` apart, which asks for a refresh. Whatever may have
 * ended it excuses, acknowledged or not, if it began before the refusal came; and so does a copy of a refresh token that was shown, which
 * ends the session as it is meant to.
 */
export const nobodySignedOut: Rule = {
  name: 'nobody signed out',
  promise: 'nobody is signed out by a fault: a session that nobody ended is served',
  *find({ sessions }: Reading): Generator<Finding> {
    for (const session of sessions) {
      const refused = session.uses.find(
        (use) =>
          use.outcome === 'failed' && (use.code === 'session_revoked' || use.code === 'unauthenticated'),
      )
      if (!refused || session.ends.some(({ by }) => by.start < refused.end)) continue
      if (wasStolen(session, refused) || wasTooSlow(session, refused)) continue
      yield finding('a session was refused that nobody had ended', session.begunBy, refused)
    }
  },
}

/** Somebody who had kept a copy tried to renew it. */
const wasStolen = ({ uses }: Session, refused: Operation): boolean =>
  uses.some(({ kind, stolen, start }) => stolen && kind === 'refresh' && start < refused.end)

/**
 * A refresh that is under way for longer than the grace, alone or with another that showed the same token meanwhile, is the limit that
 * the threat model names: when it is judged its token is an old one, and its successor in use.
 */
function wasTooSlow({ uses }: Session, refused: Operation): boolean {
  const refreshes = uses.filter(({ kind, start }) => kind === 'refresh' && start < refused.end)
  return refreshes.some((late) =>
    refreshes.some(
      (first) =>
        first.shown?.generation === late.shown?.generation &&
        first.until >= late.start &&
        late.until - first.start > GRACE - ROUNDING,
    ),
  )
}

/** A session that nobody can have ended, and that was not renewed at the end, when all is whole again, shows a violation. */
export const sessionsServed: Rule = {
  name: 'sessions served',
  promise: 'at the end every session that nobody ended is renewed, whatever answers it lost',
  *find({ sessions, hasEnd }: Reading): Generator<Finding> {
    if (!hasEnd) return
    for (const session of sessions) {
      if (session.ends.length > 0 || session.begunBy.phase === 'end') continue
      const last = session.uses.filter(({ kind, phase }) => kind === 'refresh' && phase === 'end')
      if (last.some(({ outcome }) => outcome === 'ok')) continue
      const refused = last.find(({ outcome, stolen }) => outcome === 'failed' && !stolen)
      if (refused && (wasStolen(session, refused) || wasTooSlow(session, refused))) continue
      yield finding('a session is not renewed at the end', session.begunBy, ...last.slice(-2))
    }
  },
}
