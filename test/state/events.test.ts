// Is every event durable before its act is answered, and what happens where it cannot be?
import { describe, expect, it } from 'vitest'
import type { AuditEntry, AuditHead } from '../../src/core/audit/chain.ts'
import type { AuditEvent } from '../../src/core/audit/event.ts'
import { AuthError } from '../../src/errors.ts'
import type { LogFields } from '../../src/ports/logger.ts'
import { createEvents } from '../../src/state/events.ts'
import { createTestClock } from '../support/clock.ts'

/** Lets everything that is ready run, without a clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve()
}

const AWAY = new AuthError('unavailable')
const HEAD: AuditHead = { id: 1, hash: '' }

function start() {
  const clock = createTestClock()
  const gates: (() => void)[] = []
  const state = {
    /** What each command is to meet. */
    failing: null as Error | null,
    held: false,
    batches: [] as (readonly AuditEntry[])[],
    told: [] as AuditEvent[],
    lines: [] as { level: string; fields: LogFields }[],
  }
  const audit = {
    async append(entries: readonly AuditEntry[]): Promise<AuditHead> {
      if (state.held) await new Promise<void>((go) => gates.push(go))
      if (state.failing) throw state.failing
      state.batches.push(entries)
      return HEAD
    },
  }
  const line = (level: string) => (fields: LogFields) => void state.lines.push({ level, fields })
  const logger = { info: line('info'), warn: line('warn'), error: line('error') }
  const hook = { tell: (event: AuditEvent) => void state.told.push(event), close: async () => {} }
  const key = { id: 'kid-0001', bytes: new Uint8Array(32) }
  const events = createEvents({ audit, key, hook, clock, logger })
  return {
    clock,
    state,
    ...events,
    written: () => state.batches.flat(),
    errors: () => state.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields),
    release() {
      state.held = false
      for (const go of gates.splice(0)) go()
    },
  }
}

const sender = { ip: '192.0.2.1', userAgent: 'Test/1.0' }

describe('an event', () => {
  it('is durable once it was awaited, and the hook is told after that', async () => {
    const { record, state, written, release, clock } = start()
    state.held = true
    let isDone = false
    const facts = { user: 'u', actor: 'app', session: 's', sender, details: { count: 2 } }
    void record('session.revoked_all', facts).then(() => {
      isDone = true
    })
    await settle()
    expect([isDone, state.told]).toEqual([false, []])
    release()
    await settle()
    expect(isDone).toBe(true)
    expect(written()).toEqual([
      {
        at: clock.now(),
        event: 'session.revoked_all',
        user: 'u',
        actor: 'app',
        session: 's',
        ip: '192.0.2.1',
        userAgent: 'Test/1.0',
        details: '{"count":2}',
      },
    ])
    expect(state.told).toEqual([
      {
        name: 'session.revoked_all',
        at: new Date(clock.now()).toISOString(),
        user: 'u',
        actor: 'app',
        session: 's',
        ...sender,
        details: { count: 2 },
      },
    ])
    expect(Object.isFrozen(state.told[0]) && Object.isFrozen(state.told[0]?.details)).toBe(true)
  })

  it('is logged, without the network address', async () => {
    const { record, state } = start()
    await record('session.refresh_reuse', { user: 'u', session: 's', sender, details: { presented: 1 } })
    expect(state.lines).toEqual([
      { level: 'warn', fields: { event: 'session.refresh_reuse', user: 'u', session: 's', presented: 1 } },
    ])
  })

  it('goes with all others that came while one was written, in one command', async () => {
    const { record, state, release } = start()
    state.held = true
    const all = Array.from({ length: 300 }, (_, n) => record('session.created', { user: `u${n}` }))
    await settle()
    release()
    await Promise.all(all)
    expect(state.batches.map(({ length }) => length)).toEqual([1, 256, 43])
    expect(state.batches.flat().map(({ user }) => user)).toEqual(
      Array.from({ length: 300 }, (_, n) => `u${n}`),
    )
  })

  it('is cut to size, and without what a store might change', async () => {
    const { record, written } = start()
    await record('session.created', {
      sender: { ip: null, userAgent: `a\0b\ud800c${'x'.repeat(1000)}` },
      details: {
        text: '\u0007 \udfff',
        ...Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`n${n}`, n])),
      },
    })
    const [entry] = written()
    expect(entry?.userAgent).toBe(`a b\ufffdc${'x'.repeat(507)}`)
    const details = JSON.parse(entry?.details ?? '{}')
    expect(details.text).toBe('  \ufffd')
    expect(Object.keys(details)).toHaveLength(16)
  })
})

describe('where the audit log cannot be written', () => {
  it('the act that was completed is no error; that is logged as one, and written when the store is back', async () => {
    const { record, state, written, errors, clock } = start()
    state.failing = AWAY
    await record('password.changed', { user: 'u' })
    expect(errors()).toEqual([
      expect.objectContaining({ event: 'audit.failed', waiting: 1, dropped: 0, error: AWAY }),
    ])
    expect(state.told).toHaveLength(1)
    state.failing = null
    clock.advance(1000)
    await settle()
    expect(written().map(({ event }) => event)).toEqual(['password.changed'])
    expect(state.told).toHaveLength(1)
  })

  it('events keep their order, and are tried together with the next', async () => {
    const { record, state, written } = start()
    state.failing = AWAY
    await record('session.created', { user: 'a' })
    await record('session.created', { user: 'b' })
    state.failing = null
    await record('session.created', { user: 'c' })
    expect(written().map(({ user }) => user)).toEqual(['a', 'b', 'c'])
  })

  it('as many wait as there is room for; the others are counted in a row of their own', async () => {
    const { record, state, written, errors, clock } = start()
    state.failing = AWAY
    for (let n = 0; n < 4096 + 7; n++) await record('session.created', { user: `u${n}` })
    expect(errors().at(-1)).toMatchObject({ waiting: 4096, dropped: expect.any(Number) })
    state.failing = null
    clock.advance(1000)
    await settle()
    const dropped = written().filter(({ event }) => event === 'audit.dropped')
    expect(dropped.map(({ details }) => details)).toEqual(['{"count":7}'])
    expect(written()).toHaveLength(4096 + 1)
    expect(state.told).toHaveLength(4096 + 7)
    expect(state.lines.filter(({ fields }) => fields.event === 'audit.dropped')).toEqual([
      { level: 'warn', fields: { event: 'audit.dropped', count: 7 } },
    ])
  })

  it('because it hangs, no more wait than there is room for', async () => {
    const { record, state, written, release, clock } = start()
    state.held = true
    for (let n = 0; n < 1 + 4096 + 5; n++) void record('session.created', { user: `u${n}` })
    await settle()
    release()
    for (let turn = 0; turn < 20; turn++) await settle()
    clock.advance(1000)
    await settle()
    const dropped = written().filter(({ event }) => event === 'audit.dropped')
    expect(dropped.map(({ details }) => details)).toEqual(['{"count":5}'])
    expect(written()).toHaveLength(1 + 4096 + 1)
  })

  it('what it would never take is not tried again and again, and is counted', async () => {
    const { record, state, written } = start()
    state.failing = new TypeError('no such column')
    await record('session.created', { user: 'a' })
    state.failing = null
    await record('session.created', { user: 'b' })
    expect(written().map(({ event, user }) => [event, user])).toEqual([
      ['audit.dropped', null],
      ['session.created', 'b'],
    ])
  })
})

describe('a storm of refusals', () => {
  const failed = (user: string | null, ip: string, reason = 'invalid_credentials') =>
    ['login.failed', { user, sender: { ip, userAgent: 'x' }, details: { reason } }] as const

  it('is kept in full for the first three of a user and a network in a minute; then it is counted', async () => {
    const { record, written, clock, state } = start()
    for (let n = 0; n < 100; n++) await record(...failed('u', '192.0.2.1'))
    for (let n = 0; n < 3; n++) await record(...failed('u', '192.0.2.2'))
    expect(written()).toHaveLength(6)
    clock.advance(60_000)
    await settle()
    expect(written()).toHaveLength(7)
    expect(written().at(-1)).toMatchObject({ user: 'u', ip: '192.0.2.1' })
    expect(JSON.parse(written().at(-1)?.details ?? '')).toEqual({
      reason: 'invalid_credentials',
      repeated: 97,
    })
    expect(state.told).toHaveLength(7)
    await record(...failed('u', '192.0.2.1'))
    expect(written()).toHaveLength(8)
  })

  it('from ever new users and networks is bounded too, and all of it is counted', async () => {
    const { record, written, clock } = start()
    const storm = 20_000
    for (let n = 0; n < storm; n++) await record(...failed(`u${n}`, `192.0.2.${n % 250}`))
    clock.advance(60_000)
    await settle()
    expect(written().length).toBeLessThan(1100)
    const counted = written().reduce((sum, { details }) => {
      return sum + ((JSON.parse(details ?? '{}').repeated as number | undefined) ?? 0)
    }, 0)
    const whole = written().filter(({ details }) => !details?.includes('repeated')).length
    expect(whole + counted).toBe(storm)
    expect(written().at(-1)).toMatchObject({ user: null, ip: null, userAgent: null })
  })

  it('counts a network of IPv6 as one, for each of its addresses costs nothing', async () => {
    const { record, written } = start()
    for (let n = 0; n < 50; n++) await record(...failed('u', `2001:db8::${n.toString(16)}`))
    await record(...failed('u', '2001:db8:1::1'))
    expect(written()).toHaveLength(4)
  })

  it('leaves out nothing that changes an account', async () => {
    const { record, written } = start()
    for (let n = 0; n < 50; n++) await record('password.changed', { user: 'u', sender })
    expect(written()).toHaveLength(50)
  })

  it('is in the log line by line', async () => {
    const { record, state } = start()
    for (let n = 0; n < 10; n++) await record(...failed('u', '192.0.2.1'))
    expect(state.lines).toHaveLength(10)
  })
})

describe('an act that costs nothing, over and over,', () => {
  const DONE = [
    'session.created',
    'session.proved',
    'session.revoked',
    'session.revoked_all',
    'session.revoked_others',
    'mail.sent',
    'users.listed',
    'user.viewed',
  ] as const

  it('is kept in full for the first 20 of a user in a minute, from any network; then it is counted', async () => {
    const { record, written, clock, state } = start()
    for (const name of DONE) {
      for (let n = 0; n < 100; n++)
        await record(name, { user: 'u', sender: { ip: `192.0.2.${n}`, userAgent: null }, details: { n } })
    }
    expect(written()).toHaveLength(20 * DONE.length)
    clock.advance(60_000)
    await settle()
    const counted = written().slice(20 * DONE.length)
    expect(counted.map(({ event, user, ip }) => [event, user, ip])).toEqual(
      DONE.map((name) => [name, 'u', '192.0.2.99']),
    )
    for (const { details } of counted) expect(JSON.parse(details ?? '')).toEqual({ n: 99, repeated: 80 })
    expect(state.told).toHaveLength(21 * DONE.length)
    await record('session.created', { user: 'u', sender })
    expect(written()).toHaveLength(21 * DONE.length + 1)
  })

  it('is told in full whatever is refused, or done by others', async () => {
    const { record, written } = start()
    for (let n = 0; n < 300; n++)
      await record('login.failed', { user: `u${n}`, sender: { ip: `192.0.2.${n % 250}`, userAgent: null } })
    for (let n = 0; n < 10_000; n++) await record('session.created', { user: `u${n}`, sender })
    const victim = { user: 'victim', session: 's', sender }
    for (let n = 0; n < 25; n++) await record('session.created', victim)
    expect(written().filter(({ user, ip }) => user === 'victim' && ip === sender.ip)).toHaveLength(25)
  })

  it('by an administrator is told for each user whom they look at', async () => {
    const { record, written } = start()
    for (let n = 0; n < 100; n++) await record('user.viewed', { user: `u${n}`, actor: 'admin' })
    for (let n = 0; n < 50; n++) await record('user.viewed', { user: 'u0', actor: 'other' })
    expect(written()).toHaveLength(100 + 20)
  })
})

describe('closing', () => {
  it('writes what is counted and waiting', async () => {
    const { record, state, written, close, release } = start()
    for (let n = 0; n < 5; n++) void record('login.failed', { user: 'u' })
    state.held = true
    void record('session.created', { user: 'a' })
    void record('session.created', { user: 'b' })
    const closing = close()
    await settle()
    release()
    await closing
    const events = written().map(({ event }) => event)
    expect(events.filter((event) => event === 'login.failed')).toHaveLength(4)
    expect(events.filter((event) => event === 'session.created')).toHaveLength(2)
  })

  it('ends though nothing can be written, and says how many events are lost', async () => {
    const { record, state, close, errors } = start()
    state.failing = AWAY
    for (let n = 0; n < 3; n++) await record('session.created', { user: 'u' })
    await close()
    expect(errors().at(-1)).toEqual({ event: 'audit.lost', count: 3 })
  })
})
