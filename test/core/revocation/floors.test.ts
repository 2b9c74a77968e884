// Which tokens do the floors refuse, in whatever order a node learns of them?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Floor, FloorClaims, FloorVerdict } from '../../../src/core/revocation/floors.ts'
import { createFloors, sessionFloor, userFloor } from '../../../src/core/revocation/floors.ts'

const NOW = 1_767_225_600_000
const claims: FloorClaims = { sid: 's', sub: 'u', gen: 3, rev: 2, iat: NOW / 1000 }
const later = NOW + 3_900_000
const line = (scope: Floor['scope'], floor: number): Floor => ({ scope, floor, expiresAt: later })

describe('a token is judged', () => {
  it.each<[floors: readonly Floor[], verdict: FloorVerdict]>([
    [[], 'accepted'],
    [[line('session:s', 3)], 'accepted'],
    [[line('session:s', 4)], 'session_revoked'],
    [[sessionFloor('s', NOW)], 'session_revoked'],
    [[sessionFloor('t', NOW)], 'accepted'],
    [[sessionFloor('u', NOW)], 'accepted'],
    [[userFloor('u', 2, NOW)], 'accepted'],
    [[userFloor('u', 3, NOW)], 'user_changed'],
    [[userFloor('u', Number.POSITIVE_INFINITY, NOW)], 'session_revoked'],
    [[userFloor('s', 9, NOW)], 'accepted'],
    [[line('*', NOW / 1000)], 'accepted'],
    [[line('*', NOW / 1000 + 1)], 'session_revoked'],
    [[userFloor('u', 3, NOW), sessionFloor('s', NOW)], 'session_revoked'],
    [[sessionFloor('s', NOW), line('session:s', 1)], 'session_revoked'],
    [[line('session:s', 1), line('session:s', 4), line('session:s', 2)], 'session_revoked'],
    [[userFloor('u', 3, NOW), userFloor('u', 1, NOW)], 'user_changed'],
  ])('under %j as %s', (lines, verdict) => {
    const floors = createFloors()
    floors.merge(lines)
    expect(floors.judge(claims)).toBe(verdict)
  })
})

describe('floors', () => {
  it('live until the longest access token and five minutes are over', () => {
    expect(sessionFloor('s', NOW).expiresAt).toBe(NOW + 3_600_000 + 300_000)
    expect(userFloor('u', 1, NOW).expiresAt).toBe(NOW + 3_600_000 + 300_000)
  })

  it('are forgotten when they have expired, and not before', () => {
    const floors = createFloors()
    floors.merge([sessionFloor('s', NOW)])
    floors.prune(NOW + 3_899_999)
    expect(floors.judge(claims)).toBe('session_revoked')
    expect(floors.size).toBe(1)
    floors.prune(NOW + 3_900_000)
    expect(floors.size).toBe(0)
    expect(floors.judge(claims)).toBe('accepted')
  })

  it('live as long as the last line of their scope', () => {
    const floors = createFloors()
    floors.merge([sessionFloor('s', NOW + 1000), sessionFloor('s', NOW)])
    floors.prune(NOW + 3_900_000)
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
        one.merge(all)
        other.merge(shuffled.slice(0, at))
        other.merge(again)
        other.merge(shuffled.slice(at))
        for (const floors of [one, other]) floors.prune(now)
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
