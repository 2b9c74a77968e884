// Is every generation that was seen written down, soon and in one go, with no request waiting for it?
import { describe, expect, it } from 'vitest'
import { openMemory } from '../../src/drivers/memory/index.ts'
import type { Confirmation, SessionStore } from '../../src/ports/session-store.ts'
import { createConfirmations } from '../../src/state/confirmations.ts'
import { createTestClock } from '../support/clock.ts'

/** Lets everything that is ready run, without a clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

function start() {
  const clock = createTestClock()
  const state = { failing: false, batches: [] as (readonly Confirmation[])[], errors: 0 }
  const sessions: SessionStore = {
    ...openMemory(clock).sessions,
    async confirm(confirmations) {
      if (state.failing) throw new Error('the store is down')
      state.batches.push(confirmations)
    },
  }
  const logger = { info: () => {}, warn: () => {}, error: () => state.errors++ }
  return { clock, state, confirmations: createConfirmations({ sessions, idleTimeout: null, clock, logger }) }
}

describe('confirmations', () => {
  it('are written together within a second', async () => {
    const { clock, state, confirmations } = start()
    confirmations.note('a', 1)
    confirmations.note('b', 2)
    clock.advance(999)
    await settle()
    expect(state.batches).toEqual([])
    clock.advance(1)
    await settle()
    expect(state.batches).toEqual([
      [
        { sessionId: 'a', generation: 1 },
        { sessionId: 'b', generation: 2 },
      ],
    ])
    expect(confirmations.pending('a')).toBeUndefined()
  })

  it('are known to a decision before they are written', () => {
    const { confirmations } = start()
    confirmations.note('a', 0)
    expect(confirmations.pending('a')).toBe(0)
    expect(confirmations.pending('b')).toBeUndefined()
  })

  it('keep the newest generation of each session, in whatever order they come', async () => {
    const { state, confirmations } = start()
    for (const generation of [2, 5, 3, 5]) confirmations.note('a', generation)
    expect(confirmations.pending('a')).toBe(5)
    await confirmations.flush()
    expect(state.batches).toEqual([[{ sessionId: 'a', generation: 5 }]])
  })

  it('write nothing when there is nothing', async () => {
    const { clock, state } = start()
    clock.advance(10_000)
    await settle()
    expect(state.batches).toEqual([])
  })

  it('are kept while the store fails, and written when it works again', async () => {
    const { clock, state, confirmations } = start()
    state.failing = true
    confirmations.note('a', 1)
    clock.advance(1000)
    await settle()
    expect(state.errors).toBe(1)
    expect(confirmations.pending('a')).toBe(1)
    state.failing = false
    clock.advance(1000)
    await settle()
    expect(state.batches).toEqual([[{ sessionId: 'a', generation: 1 }]])
  })

  it('that are noted during a write are written after it', async () => {
    const { state, confirmations } = start()
    confirmations.note('a', 1)
    const flushed = confirmations.flush()
    confirmations.note('a', 2)
    await flushed
    expect(state.batches.flat()).toContainEqual({ sessionId: 'a', generation: 2 })
    expect(confirmations.pending('a')).toBeUndefined()
  })

  it('go out in batches, so that other writes do not wait long behind one', async () => {
    const { state, confirmations } = start()
    for (let n = 0; n < 600; n++) confirmations.note(`s${n}`, n)
    await confirmations.flush()
    expect(state.batches.map((batch) => batch.length)).toEqual([250, 250, 100])
  })

  it('are bounded: past 100,000 sessions the oldest is forgotten', () => {
    const { confirmations } = start()
    for (let n = 0; n <= 100_000; n++) confirmations.note(`s${n}`, 1)
    expect(confirmations.pending('s0')).toBeUndefined()
    expect(confirmations.pending('s1')).toBe(1)
    expect(confirmations.pending('s100000')).toBe(1)
  })

  it('are written when the process closes, and no timer is left', async () => {
    const { clock, state, confirmations } = start()
    confirmations.note('a', 1)
    await confirmations.close()
    expect(state.batches).toHaveLength(1)
    confirmations.note('b', 1)
    clock.advance(10_000)
    await settle()
    expect(state.batches).toHaveLength(1)
  })
})
