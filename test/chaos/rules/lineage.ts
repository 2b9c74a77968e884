// Has each session one line of refresh tokens, and one only?
import type { Operation } from '../history.ts'
import type { Reading, Session } from '../reading.ts'
import type { Finding, Rule } from './rule.ts'
import { finding } from './rule.ts'

/** Two different tokens of one generation are a violation: whoever holds the one could go on beside whoever holds the other. */
export const oneToken: Rule = {
  name: 'one token',
  promise: 'a generation of a session has one refresh token, whichever node hands it out',
  *find({ sessions }: Reading): Generator<Finding> {
    for (const session of sessions) {
      const first = new Map<number, Operation>()
      for (const operation of [session.begunBy, ...session.uses]) {
        const { given, kind } = operation
        if (!given || (kind !== 'refresh' && operation !== session.begunBy)) continue
        const known = first.get(given.generation)
        if (!known) first.set(given.generation, operation)
        else if (known.given?.hash !== given.hash)
          yield finding(`two tokens of generation ${given.generation} were handed out`, known, operation)
      }
    }
  },
}

/**
 * An answer older than what was shown is a violation. Not one that is newer by more than one: an answer was lost and its token burned,
 * or the row had been set back (`generation_ahead`).
 */
export const neverBack: Rule = {
  name: 'never back',
  promise: 'a refresh never answers with an older token than it was shown',
  *find({ sessions }: Reading): Generator<Finding> {
    for (const operation of sessions.flatMap(({ uses }) => uses)) {
      const { given, shown, kind } = operation
      if (kind === 'refresh' && given && shown && given.generation < shown.generation)
        yield finding(`generation ${given.generation} was handed out for ${shown.generation}`, operation)
    }
  },
}

/**
 * The refresh that left this token behind: it was shown a newer one, and answered with one newer still, so that the newer one was the
 * predecessor then. An answer alone proves less: the one to whom it was sent may not have got it, and may ask again.
 */
const overtakes =
  (generation: number) =>
  ({ kind, outcome, shown, given }: Operation): boolean =>
    kind === 'refresh' &&
    outcome === 'ok' &&
    shown !== null &&
    given !== null &&
    shown.generation > generation &&
    given.generation > shown.generation

/**
 * A token that was left behind is a violation where it is accepted by a refresh that began after that: two would hold tokens that are
 * both renewed. Of one that began before nothing follows.
 */
export const oneLineage: Rule = {
  name: 'one lineage',
  promise: 'a refresh token whose successor was itself renewed is never accepted again',
  *find({ sessions }: Reading): Generator<Finding> {
    for (const { uses } of sessions) {
      for (const use of uses) {
        if (use.kind !== 'refresh' || use.outcome !== 'ok' || !use.shown) continue
        const isNewer = overtakes(use.shown.generation)
        const newer = uses.find((other) => other.end < use.start && isNewer(other))
        if (newer) yield finding(`the old token ${use.shown.generation} was accepted`, newer, use)
      }
    }
  },
}

/**
 * A session that is renewed after somebody showed a token that had been left behind, and was refused it, is a violation: owner and
 * thief cannot be told apart (RFC 9700 section 4.14.2). Of one whose answer is unknown nothing follows.
 */
export const reuseEnds: Rule = {
  name: 'reuse ends',
  promise: 'a used refresh token ends its session',
  *find({ sessions }: Reading): Generator<Finding> {
    for (const session of sessions) {
      const reuse = firstReuse(session)
      if (!reuse) continue
      const renewed = session.uses.find(
        ({ kind, outcome, start }) => kind === 'refresh' && outcome === 'ok' && start > reuse.end,
      )
      if (renewed) yield finding('a session was renewed after the reuse of a token', reuse, renewed)
    }
  },
}

function firstReuse({ uses }: Session): Operation | undefined {
  return uses.find((use) => {
    if (use.kind !== 'refresh' || use.outcome !== 'failed' || !use.shown) return false
    const isNewer = overtakes(use.shown.generation)
    return uses.some((other) => other.end < use.start && isNewer(other))
  })
}
