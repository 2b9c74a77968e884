// Which tokens do the floors refuse, in whatever order a node learns of them?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Floor, FloorClaims, FloorVerdict } from '../../../src/core/revocation/floors.ts'
import { createFloors, globalFloors, sessionFloors, userFloors } from '../../../src/core/revocation/floors.ts'

const NOW = 1_767_225_600_000
const claims: FloorClaims = { sid: 's', sub: 'u', gen: 3, rev: 2, iat: NOW / 1000 }
const later = NOW + 3_900_000
const line = (scope: Floor['scope'], floor: number): Floor => ({ scope, floor, expiresAt: later })

describe('a token is judged', () => {
  it.each<[floors: readonly Floor[], verdict: FloorVerdict]>([
    [[], 'accepted'],
    [[line('session:s', 3)], 'accepted'],
    [[line('session:s', 4)], 'stale'],
    [sessionFloors(['s'], NOW), 'session_revoked'],
    [sessionFloors(['t'], NOW), 'accepted'],
    [sessionFloors(['u'], NOW), 'accepted'],
    [userFloors('u', 2, [], NOW), 'accepted'],
    [userFloors('u', 3, [], NOW), 'stale'],
    [userFloors('u', Number.POSITIVE_INFINITY, [], NOW), 'session_revoked'],
    [userFloors('s', 9, [], NOW), 'accepted'],
    [[line('*', NOW / 1000)], 'accepted'],
    [[line('*', NOW / 1000 + 1)], 'stale'],
    [[...userFloors('u', 3, [], NOW), ...sessionFloors(['s'], NOW)], 'session_revoked'],
    [[...sessionFloors(['s'], NOW), line('session:s', 1)], 'session_revoked'],
    [[line('session:s', 1), line('session:s', 4), line('session:s', 2)], 'stale'],
    [[...userFloors('u', 3, [], NOW), ...userFloors('u', 1, [], NOW)], 'stale'],
  ])('under %j as %s', (lines, verdict) => {
    const floors = createFloors()
    floors.merge(lines, 0)
    expect(floors.judge(claims)).toBe(verdict)
  })
})

describe('floors', () => {
  it('of a user come with those of the sessions that ended, for a refresh under way may mint the new revision', () => {
    const floors = createFloors()
    floors.merge(userFloors('u', 3, ['s'], NOW), 0)
    expect(floors.judge({ ...claims, rev: 3 })).toBe('session_revoked')
    expect(floors.judge({ ...claims, rev: 3, sid: 't' })).toBe('accepted')
  })

  it('of more sessions than ten thousand are one wide line', () => {
    const ids = Array.from({ length: 10_001 }, (_, index) => String(index))
    expect(sessionFloors(ids.slice(1), NOW)).toHaveLength(10_000)
    expect(sessionFloors(ids, NOW + 1)).toEqual([
      { scope: '*', floor: NOW / 1000 + 1, expiresAt: NOW + 3_900_001 },
    ])
  })

  it('of everything refuse what was issued in the same second, and the last to end whatever time a token says', () => {
    const floors = createFloors()
    floors.merge(globalFloors(['t'], NOW), 0)
    expect(floors.judge(claims)).toBe('stale')
    expect(floors.judge({ ...claims, iat: NOW / 1000 + 1 })).toBe('accepted')
    expect(floors.judge({ ...claims, sid: 't', iat: NOW / 1000 + 9 })).toBe('session_revoked')
  })

  it('live until the longest access token and five minutes are over', () => {
    expect(sessionFloors(['s'], NOW)[0]?.expiresAt).toBe(NOW + 3_600_000 + 300_000)
    expect(userFloors('u', 1, [], NOW)[0]?.expiresAt).toBe(NOW + 3_600_000 + 300_000)
  })

  it('are forgotten as long after they were learnt as a token may live, and not before', () => {
    const floors = createFloors()
    floors.merge([...sessionFloors(['s'], NOW)], 1000)
    floors.prune(3_900_999)
    expect(floors.judge(claims)).toBe('session_revoked')
    expect(floors.size).toBe(1)
    floors.prune(3_901_000)
    expect(floors.size).toBe(0)
    expect(floors.judge(claims)).toBe('accepted')
  })

  it('live as long as the last line of their scope', () => {
    const floors = createFloors()
    floors.merge([...sessionFloors(['s'], NOW)], 0)
    floors.merge([...sessionFloors(['s'], NOW)], 1000)
    floors.prune(3_900_000)
    expect(floors.judge(claims)).toBe('session_revoked')
  })

  it('mean the same in any order and however often each line is read', () => {
    const scope = fc.constantFrom<Floor['scope']>('session:s', 'session:t', 'user:u', 'user:v', '*')
    const floor = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(Number.POSITIVE_INFINITY))
    const lines = fc.array(fc.record({ scope, floor, expiresAt: fc.integer({ min: 0, max: 5 }) }), {
      maxLength: 12,
    })
    const seen = lines.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.subarray(all),
        fc.nat({ max: all.length }),
      ),
    )
    fc.assert(
      fc.property(seen, fc.integer({ min: 0, max: 6 }), ([all, shuffled, again, at], now) => {
        const [one, other] = [createFloors(), createFloors()]
        one.merge(all, now)
        other.merge(shuffled.slice(0, at), now)
        other.merge(again, now)
        other.merge(shuffled.slice(at), now)
        expect(other.size).toBe(one.size)
        for (const gen of [0, 3, 6]) {
          for (const sid of ['s', 't', 'x']) {
            const token = { sid, sub: 'u', gen, rev: gen, iat: gen }
            expect(other.judge(token)).toBe(one.judge(token))
          }
        }
      }),
    )
  })
})

describe('a token of another service, which has neither generation nor revision', () => {
  const NOW = 1_767_225_600_500
  const SECOND = Math.ceil(NOW / 1000)
  const foreign = (iat: number) => ({ sid: 'jti:a', sub: 'u', gen: 0, rev: 0, iat, foreign: true }) as const

  it.each<[what: string, floors: readonly Floor[], iat: number, verdict: FloorVerdict]>([
    ['before its user changed', userFloors('u', 1, [], NOW), SECOND - 2, 'stale'],
    ['in the very second', userFloors('u', 1, [], NOW), SECOND - 1, 'stale'],
    ['after its user changed', userFloors('u', 1, [], NOW), SECOND, 'accepted'],
    ['after its user changed often', userFloors('u', 1000, [], NOW), SECOND + 1, 'accepted'],
    [
      'whenever, of a user who is no more',
      userFloors('u', Infinity, [], NOW),
      SECOND + 100,
      'session_revoked',
    ],
    ['after another user changed', userFloors('x', 1, [], NOW), SECOND - 100, 'accepted'],
    ['before everything was ended', [{ scope: '*', floor: SECOND, expiresAt: NOW }], SECOND - 1, 'stale'],
    ['after everything was ended', [{ scope: '*', floor: SECOND, expiresAt: NOW }], SECOND, 'accepted'],
    ['under an id that was ended', sessionFloors(['jti:a'], NOW), SECOND + 1, 'session_revoked'],
  ])('issued %s', (_what, lines, iat, verdict) => {
    const floors = createFloors()
    floors.merge(lines, 0)
    expect(floors.judge(foreign(iat))).toBe(verdict)
  })

  it('is judged by the last change', () => {
    const floors = createFloors()
    floors.merge(userFloors('u', 2, [], NOW + 10_000), 0)
    floors.merge(userFloors('u', 1, [], NOW), 0)
    expect(floors.judge(foreign(SECOND + 5))).toBe('stale')
    expect(floors.judge(foreign(SECOND + 10))).toBe('accepted')
  })
})
