// Are ended rows removed in the background, and is a failure only logged?
import { describe, expect, it } from 'vitest'
import { openMemory } from '../../src/drivers/memory/index.ts'
import { startMaintenance } from '../../src/state/maintenance.ts'
import { createTestClock } from '../support/clock.ts'

describe('maintenance', () => {
  it('prunes sessions and log every ten minutes until it is stopped, whatever fails', async () => {
    const clock = createTestClock()
    const store = openMemory(clock)
    const counted = { sessions: 0, log: 0, errors: 0 }
    const stop = startMaintenance({
      store: {
        ...store,
        sessions: {
          ...store.sessions,
          async prune() {
            counted.sessions++
            throw new Error('the store is down')
          },
        },
        revocations: {
          ...store.revocations,
          async prune() {
            counted.log++
          },
        },
      },
      clock,
      logger: { info: () => {}, warn: () => {}, error: () => counted.errors++ },
      audit: null,
    })
    clock.advance(599_999)
    expect(counted).toEqual({ sessions: 0, log: 0, errors: 0 })
    for (let round = 0; round < 2; round++) {
      clock.advance(round === 0 ? 1 : 600_000)
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    }
    expect(counted).toEqual({ sessions: 2, log: 2, errors: 2 })
    stop()
    clock.advance(600_000)
    expect(counted.sessions).toBe(2)
  })

  it('forgets counts of tries that have ended, and networks that nobody has come from for 90 days', async () => {
    const clock = createTestClock()
    const store = openMemory(clock)
    const window = { limit: 1, period: 1000, longestWait: 1000 }
    await store.limits.consume([{ key: 'a', window }])
    await store.knownNetworks.remember('user', 'network')
    const logger = { info: () => {}, warn: () => {}, error: () => {} }
    const stop = startMaintenance({ store, clock, logger, audit: null })
    clock.advance(90 * 86_400_000)
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    expect([await store.limits.prune(9), await store.knownNetworks.prune(9)]).toEqual([0, 0])
    stop()
  })

  it('forgets mails that have been of no use to anybody for an hour', async () => {
    const clock = createTestClock()
    const store = openMemory(clock)
    await store.outbox.add({ id: 'old', sealed: '', endsAt: clock.now() }, 1)
    const logger = { info: () => {}, warn: () => {}, error: () => {} }
    const stop = startMaintenance({ store, clock, logger, audit: null })
    clock.advance(3_600_000)
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    expect(await store.outbox.add({ id: 'new', sealed: '', endsAt: 0 }, 1)).toBe(true)
    stop()
  })

  it('removes batch after batch until there is nothing left, and never twice at once', async () => {
    const clock = createTestClock()
    const store = openMemory(clock)
    const waiting: (() => void)[] = []
    let left = 1700
    let batches = 0
    const sessions = {
      ...store.sessions,
      async prune(limit: number) {
        batches++
        await new Promise<void>((go) => waiting.push(go))
        const removed = Math.min(limit, left)
        left -= removed
        return removed
      },
    }
    const logger = { info: () => {}, warn: () => {}, error: () => {} }
    startMaintenance({ store: { ...store, sessions }, clock, logger, audit: null })
    clock.advance(600_000)
    clock.advance(600_000)
    expect(batches).toBe(1)
    for (let turn = 0; turn < 40; turn++) {
      waiting.shift()?.()
      await Promise.resolve()
    }
    expect([left, batches]).toEqual([0, 4])
  })
})
