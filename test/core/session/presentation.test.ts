// May a session token of this generation still be shown?
import { describe, expect, it } from 'vitest'
import { judgePresentation } from '../../../src/core/session/presentation.ts'
import type { SessionRecord } from '../../../src/core/session/session.ts'
import { createSession } from '../../../src/core/session/session.ts'

const NOW = 1_000_000
const HOUR = 3_600_000

const made = createSession(
  {
    id: 'session',
    nonceHash: 'hash',
    userId: 'user',
    remember: false,
    carriage: 'cookie',
    amr: ['pwd'],
    ip: null,
    userAgent: null,
    idleTimeout: HOUR,
    absoluteTimeout: 2 * HOUR,
  },
  NOW,
)
/** Moved from generation 3 to 4. */
const moved: SessionRecord = { ...made, generation: 4, predecessor: 3, confirmedGeneration: 4 }

describe('a session token', () => {
  it.each<[what: string, row: SessionRecord, presented: number, after: number, verdict: string]>([
    ['of the present generation', moved, 4, HOUR - 1, 'accepted'],
    ['newer than its row, after a restore', moved, 9, 0, 'accepted'],
    ['of the one before, within the grace', moved, 3, 10_000, 'accepted'],
    ['of the one before, after the grace', moved, 3, 10_001, 'superseded'],
    ['of the one before, the clock set back', moved, 3, -10_001, 'superseded'],
    [
      'of the one before, its successor never seen',
      { ...moved, confirmedGeneration: 3 },
      3,
      HOUR - 1,
      'accepted',
    ],
    ['older still, within the grace', moved, 2, 0, 'superseded'],
    ['older still, its successor never seen', { ...moved, confirmedGeneration: 3 }, 2, 0, 'superseded'],
    ['of a session too long idle', moved, 4, HOUR, 'ended'],
    ['of a session past its end', { ...moved, idleExpiresAt: NOW + 9 * HOUR }, 4, 2 * HOUR, 'ended'],
    ['of a revoked session', { ...moved, revokedAt: NOW }, 4, 0, 'revoked'],
  ])('%s', (_what, session, presented, after, verdict) => {
    expect(judgePresentation({ session, presented, now: NOW + after, grace: 10_000 })).toBe(verdict)
  })
})
