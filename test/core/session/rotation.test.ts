// Is every presented refresh token answered as DESIGN says, and is no honest client ever signed out?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RotationVerdict, Swap } from '../../../src/core/session/rotation.ts'
import { decideRotation, nextSwap } from '../../../src/core/session/rotation.ts'
import type { SessionRecord } from '../../../src/core/session/session.ts'
import { createSession } from '../../../src/core/session/session.ts'

const NOW = 1_767_225_600_000
const GRACE = 10_000
const fresh = createSession(
  {
    id: '019b76da-a800-7000-8000-000000000001',
    nonceHash: 'hash',
    userId: 'user',
    remember: true,
    carriage: 'cookie',
    amr: ['pwd'],
    ip: null,
    userAgent: null,
    idleTimeout: 1_000_000,
    absoluteTimeout: 10_000_000,
  },
  NOW,
)
/** Rotated from 4 to 5 at NOW. */
const rotated: SessionRecord = {
  ...fresh,
  generation: 5,
  predecessor: 4,
  confirmedGeneration: 4,
  rotatedAt: NOW,
}
/** Rotated from 4, and its answers lost until 7. */
const burned: SessionRecord = {
  ...fresh,
  generation: 7,
  predecessor: 4,
  confirmedGeneration: 4,
  rotatedAt: NOW,
}
const confirmed: SessionRecord = { ...rotated, confirmedGeneration: 5 }

const forward: Swap = { ...nextSwap(5, GRACE), from: 5, to: 6, predecessor: 5, confirmed: 5 }
const burn: Swap = { from: 5, to: 6, predecessor: 4, confirmed: 4, whileUnconfirmed: true, settledFor: GRACE }

describe('decideRotation', () => {
  it.each<[what: string, session: SessionRecord, presented: number, after: number, verdict: RotationVerdict]>(
    [
      ['the first generation', fresh, 0, 0, { kind: 'rotate', swap: nextSwap(0, GRACE) }],
      ['the present generation, rotated just now', rotated, 5, 0, { kind: 'replay', generation: 5 }],
      [
        'the present generation at the end of the grace',
        rotated,
        5,
        GRACE,
        { kind: 'replay', generation: 5 },
      ],
      ['the present generation', rotated, 5, GRACE + 1, { kind: 'rotate', swap: forward }],
      [
        'the present generation after the store’s clock went far back',
        rotated,
        5,
        -GRACE - 1,
        { kind: 'rotate', swap: forward },
      ],
      ['the present generation, much later', rotated, 5, 900_000, { kind: 'rotate', swap: forward }],
      ['the present generation, confirmed', confirmed, 5, GRACE + 1, { kind: 'rotate', swap: forward }],
      [
        'the predecessor after the store’s clock went far back, answer lost',
        rotated,
        4,
        -GRACE - 1,
        { kind: 'burn', swap: burn },
      ],
      ['the predecessor at once', rotated, 4, 0, { kind: 'replay', generation: 5 }],
      ['the predecessor at the end of the grace', rotated, 4, GRACE, { kind: 'replay', generation: 5 }],
      [
        'the predecessor in the grace, its successor seen',
        confirmed,
        4,
        GRACE,
        { kind: 'replay', generation: 5 },
      ],
      [
        'the predecessor after the store’s clock went back',
        rotated,
        4,
        -5000,
        { kind: 'replay', generation: 5 },
      ],
      ['the predecessor after the grace, answer lost', rotated, 4, GRACE + 1, { kind: 'burn', swap: burn }],
      ['the predecessor after the grace, successor seen', confirmed, 4, GRACE + 1, { kind: 'reuse' }],
      ['the predecessor of many lost answers', burned, 4, GRACE, { kind: 'replay', generation: 7 }],
      [
        'the predecessor of many lost answers, later',
        burned,
        4,
        GRACE + 1,
        { kind: 'burn', swap: { ...burn, from: 7, to: 8 } },
      ],
      ['a burned generation', burned, 5, 0, { kind: 'reuse' }],
      ['a burned generation, later', burned, 6, GRACE + 1, { kind: 'reuse' }],
      ['the generation before the predecessor', rotated, 3, 0, { kind: 'reuse' }],
      ['the first of all', rotated, 0, 0, { kind: 'reuse' }],
      [
        'a generation that the row does not have yet',
        rotated,
        9,
        0,
        {
          kind: 'ahead',
          swap: { from: 5, to: 10, predecessor: 9, confirmed: 9, whileUnconfirmed: false, settledFor: 0 },
        },
      ],
      [
        'anything of a revoked session',
        { ...rotated, revokedAt: NOW },
        5,
        0,
        { kind: 'refused', reason: 'revoked' },
      ],
      [
        'a reuse of a revoked session',
        { ...rotated, revokedAt: NOW },
        0,
        0,
        { kind: 'refused', reason: 'revoked' },
      ],
      ['anything of an idle session', rotated, 5, 1_000_000, { kind: 'refused', reason: 'idle' }],
      ['anything of an expired session', rotated, 4, 10_000_000, { kind: 'refused', reason: 'expired' }],
      ['a generation ahead of an ended session', rotated, 9, 1_000_000, { kind: 'refused', reason: 'idle' }],
    ],
  )('answers %s', (_what, session, presented, after, verdict) => {
    expect(decideRotation({ session, presented, now: NOW + after, grace: GRACE })).toEqual(verdict)
  })

  it('has for the common path the swap that nextSwap knows without reading the row', () => {
    const verdict = decideRotation({ session: rotated, presented: 5, now: NOW + GRACE + 1, grace: GRACE })
    expect(verdict).toEqual({ kind: 'rotate', swap: nextSwap(5, GRACE) })
  })
})

/** What a store does with a swap; the contract's own suite tests the drivers. */
function applySwap(session: SessionRecord, swap: Swap, now: number): SessionRecord | null {
  if (session.generation !== swap.from || session.revokedAt !== null) return null
  if (swap.whileUnconfirmed && session.confirmedGeneration >= session.generation) return null
  return {
    ...session,
    generation: swap.to,
    predecessor: swap.predecessor,
    confirmedGeneration: Math.max(session.confirmedGeneration, swap.confirmed),
    rotatedAt: now,
  }
}

/** One session and its clock. `present` answers the generation that is handed out, or null. */
function createModel() {
  const longest = 10_000_000_000
  let row: SessionRecord = { ...fresh, idleExpiresAt: NOW + longest, expiresAt: NOW + longest }
  let now = NOW
  return {
    row: () => row,
    wait(milliseconds: number): void {
      now += milliseconds
    },
    confirm(generation: number): void {
      row = {
        ...row,
        confirmedGeneration: Math.max(row.confirmedGeneration, Math.min(generation, row.generation)),
      }
    },
    present(generation: number): number | null {
      const verdict = decideRotation({ session: row, presented: generation, now, grace: GRACE })
      if (verdict.kind === 'replay') return verdict.generation
      if (verdict.kind === 'refused') return null
      if (verdict.kind === 'reuse') {
        row = { ...row, revokedAt: now, revokedReason: 'refresh_reuse' }
        return null
      }
      const next = applySwap(row, verdict.swap, now)
      expect(next, 'nobody else is there to lose a swap to').not.toBeNull()
      row = next ?? row
      return row.generation
    },
  }
}

const step = fc.record({
  wait: fc.constantFrom(0, 1, 1000, GRACE - 1, GRACE, GRACE + 1, 600_000),
  tabs: fc.integer({ min: 1, max: 4 }),
  answer: fc.constantFrom('lost', 'lost', 'kept', 'kept and used'),
})

describe('the model', () => {
  it('never signs out a client that keeps each answer it gets and presents the newest it has', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const model = createModel()
        let held = 0
        for (const { wait, tabs, answer } of steps) {
          model.wait(wait)
          const answers = Array.from({ length: tabs }, () => model.present(held))
          expect(answers).not.toContain(null)
          expect(new Set(answers).size, 'every racer holds the same successor').toBe(1)
          if (answer === 'lost') continue
          held = answers[0] ?? held
          if (answer === 'kept and used') model.confirm(held)
        }
        expect(model.row().revokedAt).toBeNull()
      }),
    )
  })

  it('never signs out a browser whose tabs refresh when they like, over a network that is slow both ways', () => {
    const latency = fc.integer({ min: 0, max: GRACE / 5 })
    const request = fc.record({
      gap: fc.constantFrom(0, 1, 50, 1000, GRACE - 1, GRACE, GRACE + 1),
      up: latency,
      down: latency,
    })
    fc.assert(
      fc.property(fc.array(request, { maxLength: 40 }), (requests) => {
        const model = createModel()
        let jar = 0
        const happenings: { at: number; run: (at: number) => void }[] = []
        let at = 0
        for (const { gap, up, down } of requests) {
          at += gap
          happenings.push({
            at,
            run: (sent) => {
              const held = jar
              happenings.push({
                at: sent + up,
                run: (arrived) => {
                  const answer = model.present(held)
                  expect(answer, `${held} at ${arrived}`).not.toBeNull()
                  happenings.push({
                    at: arrived + down,
                    run: () => {
                      // A refresh token that the sender showed is not set again.
                      if (answer !== held) jar = answer ?? jar
                      model.confirm(jar)
                    },
                  })
                },
              })
            },
          })
        }
        let now = 0
        while (happenings.length > 0) {
          happenings.sort((a, b) => a.at - b.at)
          const next = happenings.shift()
          if (!next) break
          model.wait(next.at - now)
          now = next.at
          next.run(now)
        }
      }),
    )
  })

  it('ends the session at the first token that is presented after its successor was seen and the grace is over', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.nat(), (steps, pick) => {
        const model = createModel()
        const seen = [0]
        for (const { wait, answer } of steps) {
          model.wait(wait)
          const next = model.present(seen.at(-1) ?? 0)
          if (answer === 'lost' || next === null || next === seen.at(-1)) continue
          seen.push(next)
        }
        model.confirm(seen.at(-1) ?? 0)
        fc.pre(seen.length > 1 && model.row().confirmedGeneration === model.row().generation)
        model.wait(GRACE + 1)
        expect(model.present(seen[pick % (seen.length - 1)] ?? 0)).toBeNull()
        expect(model.row().revokedReason).toBe('refresh_reuse')
        expect(model.present(model.row().generation), 'for the owner too').toBeNull()
      }),
    )
  })

  it('has at most one live generation beside its predecessor, whoever presents what and when', () => {
    const act = fc.record({
      wait: fc.constantFrom(0, GRACE, GRACE + 1),
      present: fc.nat({ max: 12 }),
      confirm: fc.option(fc.nat({ max: 12 })),
    })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const model = createModel()
        for (const { wait, present, confirm } of acts) {
          model.wait(wait)
          if (confirm !== null) model.confirm(confirm)
          const { generation, predecessor } = model.row()
          const served = model.present(Math.min(present, generation))
          const after = model.row()
          expect(after.generation).toBeGreaterThanOrEqual(generation)
          expect(after.confirmedGeneration).toBeLessThanOrEqual(after.generation)
          if (served === null) continue
          expect(served).toBe(after.generation)
          expect([generation, predecessor]).toContain(Math.min(present, generation))
        }
      }),
    )
  })

  it('finds out whoever holds an answer that was burned', () => {
    const model = createModel()
    const stolen = model.present(0) ?? -1
    model.wait(GRACE + 1)
    const kept = model.present(0) ?? -1
    expect(kept).not.toBe(stolen)
    expect(model.present(stolen)).toBeNull()
    expect(model.present(kept)).toBeNull()
  })
})
