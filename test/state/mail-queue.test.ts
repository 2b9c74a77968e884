// Does a mail wait durably, sealed, and at the same cost for nobody?
import { describe, expect, it } from 'vitest'
import type { EventFacts } from '../../src/core/audit/event.ts'
import { createKeyRing } from '../../src/core/keys/ring.ts'
import type { LinkMail, Notice } from '../../src/core/mail/mail.ts'
import { openMail } from '../../src/core/mail/sealed.ts'
import { openMemory } from '../../src/drivers/memory/index.ts'
import { systemRandom } from '../../src/drivers/node/random.ts'
import { AuthError } from '../../src/errors.ts'
import { createMailQueue } from '../../src/state/mail-queue.ts'
import { createTestClock } from '../support/clock.ts'

const ORIGIN = 'https://app.example.com'
const sender = { ip: '192.0.2.1', userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0 <b>' }
const reset: LinkMail = {
  kind: 'reset-password',
  to: 'ada@example.com',
  user: 'user-1',
  name: 'Ada',
  sender,
  link: `${ORIGIN}/auth/password/reset#token=secret-of-the-link`,
  endsAt: 1e13,
}
const notice: Notice = { kind: 'password-changed', to: reset.to, user: 'user-1', name: null, sender }

async function start({ isOpen = true, full = false, down = false } = {}) {
  const clock = createTestClock()
  const { outbox } = openMemory(clock)
  const ring = await createKeyRing([new Uint8Array(32).fill(7)])
  const rows: { id: string; sealed: string; endsAt: number }[] = []
  const events: [string, EventFacts][] = []
  let heard = 0
  const mail = createMailQueue({
    outbox: {
      ...outbox,
      async add(row, most) {
        if (down) throw new AuthError('unavailable')
        rows.push(row)
        return !full && outbox.add(row, most)
      },
    },
    isOpen,
    origin: ORIGIN,
    ring,
    clock,
    random: systemRandom,
    record: async (event, facts) => void events.push([event, facts]),
  })
  mail.onQueued(() => heard++)
  return { mail, ring, rows, events, clock, heard: () => heard }
}

describe('a mail in the queue', () => {
  it('waits with all that it needs, sealed with its row, and wakes the sender', async () => {
    const { mail, ring, rows, clock, heard } = await start()
    await mail.queue(reset)
    await mail.queue(notice)
    expect(heard()).toBe(2)
    const [first, second] = rows
    if (!first || !second) throw new Error('no rows')
    const { sender: _, ...words } = reset
    const from = { ip: '192.0.2.1', browser: 'Firefox on Linux' }
    expect(await openMail(first.sealed, first.id, ring)).toEqual({ ...words, ...from, at: clock.now() })
    expect(await openMail(second.sealed, second.id, ring)).toMatchObject({
      kind: 'password-changed',
      link: ORIGIN,
      endsAt: clock.now() + 2 * 86_400_000,
    })
    expect(first.endsAt).toBe(reset.endsAt)
    expect(await openMail(first.sealed, second.id, ring)).toBeNull()
    expect(await openMail(first.sealed, first.id, await createKeyRing([new Uint8Array(32)]))).toBeNull()
  })

  it('shows no address, link or name in its row, and no length: one for nobody looks the same', async () => {
    const { mail, ring, rows } = await start()
    for (const each of [reset, { ...reset, to: `${'a'.repeat(60)}@example.com` }, notice, null]) {
      await mail.queue(each)
    }
    expect(new Set(rows.map(({ sealed }) => sealed.length)).size).toBe(1)
    expect(JSON.stringify(rows)).not.toMatch(/ada@|example|secret|user-1|reset/i)
    const [decoy] = rows.slice(-1)
    expect(decoy && (await openMail(decoy.sealed, decoy.id, ring))).toBe('decoy')
  })

  it.each([
    'https://evil.example/x',
    'https://app.example.com.evil.example/',
    'javascript:alert(1)',
    '/auth',
  ])('leads to the application’s own origin only: %s', async (link) => {
    const { mail, rows } = await start()
    await expect(mail.queue({ ...reset, link })).rejects.toThrow(TypeError)
    expect(rows).toEqual([])
  })

  it.each<[what: string, setting: object]>([
    ['the outbox is full', { full: true }],
    ['the database is down', { down: true }],
    ['no mail can be sent from here', { isOpen: false }],
  ])('is refused where %s, for somebody and for nobody alike', async (_what, setting) => {
    const { mail, heard } = await start(setting)
    for (const each of [reset, null]) {
      await expect(mail.queue(each)).rejects.toMatchObject({ code: 'unavailable' })
    }
    expect(heard()).toBe(0)
  })
})

describe('a notice', () => {
  it('never fails the act of which it tells', async () => {
    const { mail, events } = await start({ full: true })
    await mail.notify(notice)
    expect(events).toEqual([
      ['mail.failed', { user: 'user-1', details: { kind: 'password-changed', reason: 'unavailable' } }],
    ])
  })

  it('is nothing where no mail can be sent from here', async () => {
    const { mail, rows, events } = await start({ isOpen: false })
    await mail.notify(notice)
    expect([rows, events]).toEqual([[], []])
  })
})

it('an act that makes no sense without mail asks first', async () => {
  expect((await start()).mail.requireOpen()).toBeUndefined()
  const { mail } = await start({ isOpen: false })
  expect(() => mail.requireOpen()).toThrow(AuthError)
})
