// Does the application hear of every event, without a request that waits for it?
import { describe, expect, it } from 'vitest'
import { toAuditEvent, toEntry } from '../../src/core/audit/entry.ts'
import type { LogFields } from '../../src/ports/logger.ts'
import type { OnEvent } from '../../src/state/hook.ts'
import { createHook } from '../../src/state/hook.ts'
import { createTestClock } from '../support/clock.ts'

async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve()
}

const event = (user: string) => toAuditEvent(toEntry('session.created', { user }, 0))

function start(onEvent: OnEvent) {
  const clock = createTestClock()
  const errors: LogFields[] = []
  const logger = { info: () => {}, warn: () => {}, error: (fields: LogFields) => void errors.push(fields) }
  return { clock, errors, ...createHook({ onEvent, clock, logger }) }
}

describe('the hook', () => {
  it('is called later, in the order of the events', async () => {
    const heard: (string | null)[] = []
    const { tell } = start(({ user }) => heard.push(user))
    for (const user of ['a', 'b', 'c']) tell(event(user))
    expect(heard).toEqual([])
    await settle()
    expect(heard).toEqual(['a', 'b', 'c'])
  })

  it('that throws or rejects is logged, and called again for the next', async () => {
    let calls = 0
    const { tell, errors } = start(({ user }) => {
      calls++
      if (user === 'a') throw new Error('thrown')
      if (user === 'b') return Promise.reject(new Error('rejected'))
      if (user === 'c') return Promise.reject('no error at all')
      return undefined
    })
    for (const user of ['a', 'b', 'c', 'd']) tell(event(user))
    await settle()
    expect(calls).toBe(4)
    expect(
      errors.map(({ event: name, of, error }) => [name, of, (error as Error | undefined)?.message]),
    ).toEqual([
      ['hook.failed', 'session.created', 'thrown'],
      ['hook.failed', 'session.created', 'rejected'],
      ['hook.failed', 'session.created', undefined],
    ])
  })

  it('that is slow has eight calls under way, a thousand waiting, and is told of no more than that', async () => {
    const gates: (() => void)[] = []
    let running = 0
    let most = 0
    let heard = 0
    const { tell, errors, close } = start(async () => {
      heard++
      most = Math.max(most, ++running)
      await new Promise<void>((go) => gates.push(go))
      running--
    })
    for (let n = 0; n < 2000; n++) tell(event('u'))
    await settle()
    expect(running).toBe(8)
    const closing = close()
    while (gates.length > 0) {
      for (const go of gates.splice(0)) go()
      await settle()
    }
    await closing
    expect([most, heard]).toEqual([8, 1008])
    expect(errors).toEqual([{ event: 'hook.dropped', count: 992 }])
  })

  it('that never ends is given up after ten seconds, and its place is free', async () => {
    const heard: (string | null)[] = []
    const { tell, clock, errors, close } = start(({ user }) => {
      heard.push(user)
      return user === 'last' ? undefined : new Promise(() => {})
    })
    for (let n = 0; n < 8; n++) tell(event('stuck'))
    tell(event('last'))
    await settle()
    expect(heard).not.toContain('last')
    clock.advance(10_000)
    await settle()
    expect(heard).toContain('last')
    expect(errors).toHaveLength(8)
    await close()
  })
})
