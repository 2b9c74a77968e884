// Do waiting mails leave, at the right time and once as a rule, whatever the mail server does?
import { afterEach, describe, expect, it } from 'vitest'
import { createKeyRing } from '../../src/core/keys/ring.ts'
import type { Mail } from '../../src/core/mail/mail.ts'
import { openMemory } from '../../src/drivers/memory/index.ts'
import { systemRandom } from '../../src/drivers/node/random.ts'
import { AuthError, MailError } from '../../src/errors.ts'
import type { OutgoingMail } from '../../src/ports/mailer.ts'
import type { Outbox } from '../../src/ports/outbox.ts'
import { createMailQueue } from '../../src/state/mail-queue.ts'
import type { MailSender, MailSetting } from '../../src/state/mail-sender.ts'
import { startMailSender } from '../../src/state/mail-sender.ts'
import type { LogLine } from '../support/auth.ts'
import { createTestClock } from '../support/clock.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const ORIGIN = 'https://app.example.com'
const ring = await createKeyRing([new Uint8Array(32).fill(7)])

type Answer = 'taken' | 'silence' | Error

const started: { readonly sender: MailSender; readonly clock: ReturnType<typeof createTestClock> }[] = []
afterEach(async () => {
  for (const { sender, clock } of started.splice(0)) {
    const closed = sender.close()
    await turns()
    clock.advance(10 * SECOND)
    await closed
  }
})

/** Long enough for all that is ready to run, sealing and opening included. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 12; turn++) {
    // The way of every seal: to a thread, and back.
    await crypto.subtle.digest('SHA-256', new Uint8Array(1))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

interface WorldOptions {
  readonly clock?: ReturnType<typeof createTestClock>
  readonly outbox?: Outbox
  readonly setting?: Partial<MailSetting>
  readonly senderRing?: typeof ring
}

/** One process: its queue, its sender, and a mailer that answers as the test says. */
function start({ clock = createTestClock(), outbox, setting, senderRing = ring }: WorldOptions = {}) {
  const box = outbox ?? openMemory(clock).outbox
  const answers: Answer[] = []
  const tried: { readonly at: number; readonly mail: OutgoingMail; readonly signal: AbortSignal }[] = []
  const events: string[] = []
  const log: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: LogLine['fields'], message: string) =>
    log.push({ level, fields, message })
  const state = { most: 0, now: 0 }
  const begin = clock.now()
  const record = async (event: string, facts: object): Promise<void> => {
    events.push(`${event} ${JSON.stringify(facts)}`)
  }
  const mail = createMailQueue({
    outbox: box,
    isOpen: true,
    origin: ORIGIN,
    ring,
    clock,
    random: systemRandom,
    record,
  })
  const sender = startMailSender({
    outbox: box,
    mailer: {
      async send(each, signal) {
        tried.push({ at: clock.now() - begin, mail: each, signal })
        state.most = Math.max(state.most, ++state.now)
        try {
          const answer = answers.shift() ?? 'taken'
          if (answer === 'silence') await new Promise((_, reject) => signal.addEventListener('abort', reject))
          if (answer instanceof Error) throw answer
          await new Promise((resolve) => setImmediate(resolve))
        } finally {
          state.now--
        }
      },
    },
    setting: {
      appName: 'Example',
      origin: ORIGIN,
      host: 'app.example.com',
      from: { name: 'Example', address: 'no-reply@example.com' },
      templates: {},
      language: () => 'en',
      ...setting,
    },
    ring: senderRing,
    clock,
    logger: { info: write('info'), warn: write('warn'), error: write('error') },
    record,
  })
  mail.onQueued(sender.kick)
  started.push({ sender, clock })
  /** So long in steps of a second, with all that becomes ready. */
  const wait = async (milliseconds: number, step = SECOND): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += step) {
      clock.advance(Math.min(step, milliseconds - passed))
      await turns()
    }
  }
  return { mail, sender, clock, outbox: box, answers, tried, events, log, state, wait }
}

const reset = (clock: { now(): number }, lifetime = 30 * MINUTE): Mail => ({
  kind: 'reset-password',
  to: 'ada@example.com',
  user: 'user-1',
  name: 'Ada',
  sender: { ip: '192.0.2.1', userAgent: null },
  link: `${ORIGIN}/auth/password/reset#token`,
  endsAt: clock.now() + lifetime,
})
const notice: Mail = {
  kind: 'password-changed',
  to: 'ada@example.com',
  user: 'user-1',
  name: null,
  sender: null,
}
const deferred = new MailError('deferred', { code: 'EENVELOPE 450' })
const refused = new MailError('refused', { code: 'EENVELOPE 550' })
const unreachable = new MailError('unreachable', { code: 'ECONNECTION' })

describe('a mail', () => {
  it('is sent at once, told of, and forgotten', async () => {
    const { mail, clock, tried, events, outbox } = start()
    await mail.queue(reset(clock))
    await turns()
    expect(tried.map(({ mail: { to, from, subject } }) => [to, from.address, subject])).toEqual([
      ['ada@example.com', 'no-reply@example.com', 'Choose a new password for Example'],
    ])
    expect(tried[0]?.mail.text).toContain(`\n${ORIGIN}/auth/password/reset#token\n`)
    expect(tried[0]?.mail.headers['Auto-Submitted']).toBe('auto-generated')
    expect(tried[0]?.mail.messageId).toMatch(/^<[0-9a-f-]{36}@app\.example\.com>$/)
    expect(events).toEqual(['mail.sent {"user":"user-1","details":{"kind":"reset-password"}}'])
    clock.advance(10 * MINUTE)
    expect(await outbox.isDue()).toBe(false)
  })

  it('for nobody is dropped without a word', async () => {
    const { mail, tried, events, log, clock, outbox } = start()
    await mail.queue(null)
    await turns()
    clock.advance(10 * MINUTE)
    expect([tried, events, log, await outbox.isDue()]).toEqual([[], [], [], false])
  })

  it('says how long its link still works when it is sent', async () => {
    const { mail, clock, tried, answers, wait } = start()
    answers.push(...Array(5).fill(deferred))
    await mail.queue(reset(clock))
    await turns()
    await wait(80 * SECOND)
    expect(tried.map(({ mail: { text } }) => /for the next (\d+) minutes/.exec(text)?.[1])).toEqual([
      '30',
      '30',
      '30',
      '30',
      '29',
      '29',
    ])
  })

  it('is one of four at once', async () => {
    const { mail, clock, tried, state } = start()
    await Promise.all(Array.from({ length: 30 }, () => mail.queue(reset(clock))))
    await turns()
    await turns()
    expect(tried).toHaveLength(30)
    expect(state.most).toBe(4)
  })
})

describe('a mail that is not taken', () => {
  it('is tried again after growing waits, with the same Message-ID, until its link has ended', async () => {
    const { mail, clock, tried, answers, events, log, wait } = start()
    answers.push(...Array(20).fill(deferred))
    await mail.queue(reset(clock))
    await turns()
    await wait(30 * MINUTE, 5 * SECOND)
    expect(tried.map(({ at }) => at / SECOND)).toEqual([0, 5, 10, 20, 40, 80, 160, 320, 640, 1280])
    expect(new Set(tried.map(({ mail: { messageId } }) => messageId)).size).toBe(1)
    const failure = { kind: 'reset-password', reason: 'ended', code: 'EENVELOPE 450' }
    expect(events).toEqual([`mail.failed ${JSON.stringify({ user: 'user-1', details: failure })}`])
    expect(log.filter(({ level }) => level === 'warn')).toHaveLength(9)
  })

  it('waits half an hour at most; a notice is given up after two days', async () => {
    const { mail, tried, answers, events, wait } = start()
    answers.push(...Array(200).fill(deferred))
    await mail.queue(notice)
    await turns()
    await wait(49 * 60 * MINUTE, 5 * MINUTE)
    const times = tried.map(({ at }) => at)
    expect(Math.max(...times.slice(1).map((at, n) => at - (times[n] ?? 0)))).toBe(30 * MINUTE)
    expect(times.at(-1)).toBeGreaterThan(47 * 60 * MINUTE)
    expect(events).toEqual([expect.stringMatching(/^mail\.failed .*"password-changed","reason":"ended"/)])
  })

  it('and never will be, is dropped and told of, without its address', async () => {
    const { mail, clock, tried, answers, events, outbox, wait } = start()
    answers.push(refused)
    await mail.queue(reset(clock))
    await wait(10 * MINUTE, MINUTE)
    expect(tried).toHaveLength(1)
    const failure = { kind: 'reset-password', reason: 'refused', code: 'EENVELOPE 550' }
    expect(events).toEqual([`mail.failed ${JSON.stringify({ user: 'user-1', details: failure })}`])
    expect(await outbox.isDue()).toBe(false)
  })

  it('for a reason that nobody knows is tried again, and its words reach no log', async () => {
    const { mail, clock, tried, answers, log, wait } = start()
    answers.push(new Error('550 <ada@example.com> https://app.example.com/#token'))
    await mail.queue(reset(clock))
    await turns()
    await wait(5 * SECOND)
    expect(tried).toHaveLength(2)
    expect(log.map(({ fields }) => fields['failure'])).toEqual(['deferred'])
    expect(JSON.stringify(log)).not.toMatch(/ada@|token/)
  })

  it('whose link has ended is not sent any more', async () => {
    const { mail, clock, tried, events } = start()
    await mail.queue(reset(clock, 0))
    await turns()
    expect(tried).toEqual([])
    expect(events).toEqual([expect.stringContaining('"reason":"ended"')])
  })

  it('whose key this process does not have is left to others for as long as it is of use, and then dropped and told of', async () => {
    const { mail, clock, tried, events, wait } = start({
      senderRing: await createKeyRing([new Uint8Array(32).fill(8)]),
    })
    await mail.queue(reset(clock))
    await turns()
    expect([tried, events]).toEqual([[], []])
    await wait(31 * 60_000)
    expect(tried).toEqual([])
    expect(events).toEqual([
      'mail.failed {"user":null,"details":{"kind":null,"reason":"unreadable","code":null}}',
    ])
  })
})

describe('a mail server that is away', () => {
  it('is asked by one mail at a time, after pauses that grow to a minute; then all leave', async () => {
    const { mail, clock, tried, answers, wait } = start()
    answers.push(...Array(12).fill(unreachable))
    for (let n = 0; n < 20; n++) await mail.queue(reset(clock))
    await turns()
    // Four were on their way before anybody knew.
    expect(tried.length).toBeLessThanOrEqual(4)
    await wait(4 * MINUTE)
    const late = tried.filter(({ at }) => at > MINUTE).map(({ at }) => at)
    expect(late.length).toBeLessThanOrEqual(4)
    await wait(4 * MINUTE)
    expect(tried).toHaveLength(12 + 20)
  })

  it('keeps no mail longer than a minute once it is back, however long it was away', async () => {
    const { mail, clock, tried, answers, wait } = start()
    answers.push(...Array(1000).fill(unreachable))
    await mail.queue(reset(clock, 20 * 60 * MINUTE))
    await wait(10 * 60 * MINUTE, 10 * SECOND)
    answers.length = 0
    const before = tried.length
    await wait(MINUTE + 5 * SECOND, 5 * SECOND)
    expect(tried.length).toBe(before + 1)
  })

  it('that never answers is left after a minute', async () => {
    const { mail, clock, tried, answers, wait } = start()
    answers.push('silence')
    await mail.queue(reset(clock))
    await turns()
    await wait(59 * SECOND)
    expect([tried.length, tried[0]?.signal.aborted]).toEqual([1, false])
    await wait(MINUTE + 10 * SECOND, 5 * SECOND)
    expect([tried.length, tried[0]?.signal.aborted]).toEqual([2, true])
  })
})

describe('a database that is away', () => {
  it('costs no mail', async () => {
    const clock = createTestClock()
    const { outbox } = openMemory(clock)
    let isDown = false
    const { mail, tried, log, wait } = start({
      clock,
      outbox: {
        ...outbox,
        claim: (...args) => (isDown ? Promise.reject(new AuthError('unavailable')) : outbox.claim(...args)),
      },
    })
    isDown = true
    await mail.queue(reset(clock))
    await wait(7 * SECOND)
    expect(tried).toEqual([])
    expect(log.map(({ fields }) => fields['event'])).toContain('mail.outbox_failed')
    isDown = false
    await wait(5 * SECOND)
    expect(tried).toHaveLength(1)
  })
})

describe('two processes', () => {
  it('share the work, and send nothing twice', async () => {
    const clock = createTestClock()
    const { outbox } = openMemory(clock)
    const [one, two] = [start({ clock, outbox }), start({ clock, outbox })]
    one.mail.onQueued(() => {})
    for (let n = 0; n < 40; n++) await one.mail.queue({ ...reset(clock), to: `user${n}@example.com` })
    one.sender.kick()
    two.sender.kick()
    await turns()
    await turns()
    const sent = [...one.tried, ...two.tried].map(({ mail }) => mail.to)
    expect(new Set(sent).size).toBe(40)
    expect(sent).toHaveLength(40)
    expect(one.tried.length).toBeGreaterThan(5)
    expect(two.tried.length).toBeGreaterThan(5)
  })

  it('send again what one of them took and never finished, once its lease has ended', async () => {
    const clock = createTestClock()
    const { outbox } = openMemory(clock)
    let claims = 0
    const one = start({
      clock,
      outbox: {
        ...outbox,
        remove: () => new Promise(() => {}),
        claim: (...args) =>
          claims++ === 0 ? Promise.resolve([]) : claims === 2 ? outbox.claim(...args) : new Promise(() => {}),
      },
    })
    await one.mail.queue(reset(clock))
    await turns()
    expect(one.tried).toHaveLength(1)
    const two = start({ clock, outbox })
    await two.wait(119 * SECOND, 7 * SECOND)
    expect(two.tried).toHaveLength(0)
    await two.wait(10 * SECOND)
    expect(two.tried).toHaveLength(1)
    expect(two.tried[0]?.mail.messageId).toBe(one.tried[0]?.mail.messageId)
  })
})

describe('closing', () => {
  it('waits for the mail that is on its way, and begins no other', async () => {
    const { mail, sender, clock, tried, events } = start()
    await mail.queue(reset(clock))
    await mail.queue(reset(clock))
    const closed = sender.close()
    await mail.queue(reset(clock))
    await closed
    expect(events.filter((event) => event.startsWith('mail.sent'))).toHaveLength(tried.length)
    clock.advance(MINUTE)
    await turns()
    expect(tried.length).toBeLessThanOrEqual(2)
  })

  it('waits ten seconds at most', async () => {
    const { mail, sender, clock, answers } = start()
    answers.push('silence')
    await mail.queue(reset(clock))
    await turns()
    let isClosed = false
    const closed = sender.close().then(() => {
      isClosed = true
    })
    await turns()
    clock.advance(10 * SECOND - 1)
    await turns()
    expect(isClosed).toBe(false)
    clock.advance(1)
    await turns()
    await closed
  })
})

describe('an own template', () => {
  it('is asked for in the language of the reader', async () => {
    const { mail, clock, tried } = start({
      setting: {
        language: async ({ user, to }) => (user === 'user-1' && to === 'ada@example.com' ? 'de-AT' : 'en'),
        templates: { de: { 'reset-password': () => ({ subject: 'Hallo', text: 'Hallo', html: 'Hallo' }) } },
      },
    })
    await mail.queue(reset(clock))
    await mail.queue(notice)
    await turns()
    expect(tried.map(({ mail: { subject } }) => subject)).toEqual([
      'Hallo',
      'Your password for Example has been changed',
    ])
  })

  it.each<[what: string, setting: Partial<MailSetting>]>([
    [
      'a template',
      {
        templates: {
          en: {
            'reset-password': () => {
              throw new TypeError('no ada@example.com')
            },
          },
        },
      },
    ],
    ['a language', { language: () => Promise.reject(new RangeError('no ada@example.com')) }],
  ])('%s that fails costs its words alone', async (_what, setting) => {
    const { mail, clock, tried, log } = start({ setting })
    await mail.queue(reset(clock))
    await turns()
    expect(tried.map(({ mail: { subject } }) => subject)).toEqual(['Choose a new password for Example'])
    expect(log.map(({ fields }) => fields['event'])).toEqual(['mail.template_failed'])
    expect(JSON.stringify(log)).not.toContain('ada@')
  })
})
