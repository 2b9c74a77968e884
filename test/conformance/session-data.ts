// What must every driver do with session data? The contract of src/ports/session-data-store.ts, sentence by sentence.
import { afterEach, describe, expect, it } from 'vitest'
import type { NewSession } from '../../src/core/session/session.ts'
import {
  LARGEST_CONTAINER,
  LARGEST_VALUE,
  MOST_KEYS,
  TOMBSTONE_LIFETIME,
} from '../../src/core/session-data/container.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Store } from '../../src/ports/store.ts'
import { createTestClock } from '../support/clock.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const IDLE = 2 * HOUR

const session = (id: string, change: Partial<NewSession> = {}): NewSession => ({
  id,
  nonceHash: `nonce-${id}`,
  userId: 'user-1',
  remember: false,
  carriage: 'cookie',
  amr: ['pwd'],
  ip: null,
  userAgent: null,
  idleTimeout: HOUR,
  absoluteTimeout: DAY,
  ...change,
})

export function sessionDataConformance(name: string, open: (clock: Clock) => Promise<Store>): void {
  const opened: Store[] = []
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })

  async function start() {
    const clock = createTestClock()
    const store = await open(clock)
    opened.push(store)
    const { sessionData, sessions } = store
    const as = (idHash: string, sessionId: string | null = null) => ({ idHash, sessionId })
    const put = (key: string, json: string, holder = as('c')) =>
      sessionData.write({ ...holder, key, json, idleTimeout: IDLE })
    const begin = (holder = as('c'), key = 'a', json = '1') =>
      sessionData.begin({ ...holder, key, json, idleTimeout: IDLE })
    const read = async (holder = as('c')) => {
      const found = await sessionData.read(holder)
      return found && Object.fromEntries(found.entries)
    }
    return { clock, sessionData, sessions, as, put, begin, read }
  }

  describe(`${name}: session data`, () => {
    it('of a visitor is kept by its id, and is nobody else’s', async () => {
      const { begin, put, read, as, sessionData } = await start()
      expect(await begin()).toEqual({ bound: null })
      expect(await put('b', '{"x":[1]}')).toBe('done')
      expect(await put('a', '"grün 🌿"')).toBe('done')
      expect(await read()).toEqual({ a: '"grün 🌿"', b: '{"x":[1]}' })
      expect(await read(as('d'))).toBe(null)
      expect(await sessionData.write({ ...as('c'), key: 'a', json: null, idleTimeout: IDLE })).toBe('done')
      expect(await read()).toEqual({ b: '{"x":[1]}' })
    })

    it('D5: concurrent writes of different keys both survive, and of one key the last', async () => {
      const { begin, put, read } = await start()
      await begin()
      const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`)
      const verdicts = await Promise.all(keys.map((key, index) => put(key, String(index))))
      expect(new Set(verdicts)).toEqual(new Set(['done']))
      await Promise.all([put('a', '2'), put('a', '3')])
      expect(['2', '3']).toContain((await read())?.a)
      await put('a', '4')
      expect(await read()).toEqual({
        a: '4',
        ...Object.fromEntries(keys.map((key, index) => [key, String(index)])),
      })
    })

    it('D7: of a visitor cannot be read or written by anybody who is signed in', async () => {
      const { begin, put, read, as, sessions } = await start()
      await sessions.create(session('s'), [])
      await begin()
      expect(await read(as('c', 's'))).toBe(null)
      expect(await put('a', '2', as('c', 's'))).toBe('absent')
      expect(await read()).toEqual({ a: '1' })
    })

    it('of a session serves that session and no other, and nobody who shows its id alone', async () => {
      const { begin, put, read, as, sessions } = await start()
      const { session: record } = await sessions.create(session('s', { remember: true }), [])
      await sessions.create(session('t'), [])
      expect(await begin(as('c', 's'))).toMatchObject({
        bound: { remember: true, expiresAt: record.expiresAt },
      })
      expect(await read(as('c', 's'))).toEqual({ a: '1' })
      expect(await put('a', '1', as('c', 's'))).toBe('done')
      for (const holder of [as('c', 't'), as('c')]) {
        expect(await read(holder)).toBe(null)
        expect(await put('a', '2', holder)).toBe('absent')
      }
    })

    it.each<[end: string, act: (parts: Awaited<ReturnType<typeof start>>) => unknown]>([
      ['signed out', ({ sessions }) => sessions.revoke('s', null, 'logout')],
      ['revoked with all others', ({ sessions }) => sessions.revokeAll('user-1', 1, 'logout_all')],
      ['idle', ({ clock }) => clock.advance(HOUR)],
    ])('of a session that was %s is nobody’s any more', async (_end, act) => {
      const parts = await start()
      const { begin, put, read, as, sessions } = parts
      await sessions.create(session('s'), [])
      await begin(as('c', 's'))
      await act(parts)
      for (const holder of [as('c', 's'), as('c')]) {
        expect(await read(holder)).toBe(null)
        expect(await put('a', '2', holder)).toBe('absent')
      }
      expect(await begin(as('d', 's'))).toBe(null)
      expect(await read(as('d', 's'))).toBe(null)
    })

    it('ends when it has been idle, and each use puts that off; others use nothing', async () => {
      const { begin, put, read, as, clock, sessionData } = await start()
      await begin()
      clock.advance(IDLE - 1)
      expect(await put('b', '2')).toBe('done')
      clock.advance(IDLE - 1)
      await sessionData.touch({ ...as('c'), idleTimeout: IDLE })
      await sessionData.touch({ ...as('unknown'), idleTimeout: IDLE })
      clock.advance(IDLE - 1)
      await sessionData.touch({ ...as('c', 's'), idleTimeout: IDLE })
      expect(await read()).toEqual({ a: '1', b: '2' })
      clock.advance(1)
      expect([await read(), await put('b', '3')]).toEqual([null, 'absent'])
      expect(await sessionData.read(as('c'))).toBe(null)
    })

    it('tells when it was used, by its own clock', async () => {
      const { begin, clock, sessionData, as } = await start()
      await begin()
      clock.advance(HOUR)
      expect(await sessionData.read(as('c'))).toMatchObject({
        lastSeenAt: clock.now() - HOUR,
        now: clock.now(),
      })
    })

    it(`holds ${MOST_KEYS} keys, and says so to every one of many that come at once`, async () => {
      const { begin, put, read } = await start()
      await begin()
      const verdicts = await Promise.all(
        Array.from({ length: MOST_KEYS + 5 }, (_, index) => put(`k${index}`, '0')),
      )
      expect(verdicts.filter((verdict) => verdict === 'done')).toHaveLength(MOST_KEYS - 1)
      expect(verdicts.filter((verdict) => verdict === 'too_many_keys')).toHaveLength(6)
      expect(await put('a', '2')).toBe('done')
      expect(Object.keys((await read()) ?? {})).toHaveLength(MOST_KEYS)
    })

    it(`holds ${LARGEST_CONTAINER} bytes of keys and values; what is replaced no longer counts`, async () => {
      const { begin, put } = await start()
      await begin()
      const value = (bytes: number) => JSON.stringify('ü'.repeat((bytes - 2) / 2))
      for (const key of ['k1', 'k2', 'k3']) expect(await put(key, value(LARGEST_VALUE))).toBe('done')
      const left = LARGEST_CONTAINER - 3 * (LARGEST_VALUE + 2) - 2 - 2
      expect(await put('k4', value(left + 2))).toBe('too_large')
      expect(await put('k4', value(left))).toBe('done')
      expect(await put('k5', '1')).toBe('too_large')
      expect(await put('k1', '1')).toBe('done')
      expect(await put('k5', value(1000))).toBe('done')
    })

    describe('D7: rotated', () => {
      it('goes over to the new id with its data and binding; the old one is told so for a minute', async () => {
        const { begin, put, read, as, sessions, sessionData, clock } = await start()
        await sessions.create(session('s'), [])
        await begin(as('c', 's'))
        expect(await sessionData.rotate({ ...as('c', 's'), to: 'd' })).toBe('done')
        expect(await read(as('d', 's'))).toEqual({ a: '1' })
        for (const late of [as('c', 's'), as('c'), as('c', 't')]) {
          expect(await read(late)).toBe(null)
          expect(await put('a', '2', late)).toBe('ended')
        }
        expect(await sessionData.rotate({ ...as('c', 's'), to: 'e' })).toBe('ended')
        expect(await sessionData.end('c')).toBe('ended')
        clock.advance(TOMBSTONE_LIFETIME - 1)
        expect(await put('a', '2', as('c', 's'))).toBe('ended')
        clock.advance(1)
        expect(await put('a', '2', as('c', 's'))).toBe('absent')
        expect(await sessionData.rotate({ ...as('c', 's'), to: 'e' })).toBe('absent')
        expect(await sessionData.end('c')).toBe('absent')
        expect(await read(as('d', 's'))).toEqual({ a: '1' })
      })

      it('by many at once goes over to exactly one', async () => {
        const { begin, read, as, sessionData } = await start()
        await begin()
        const ids = ['d', 'e', 'f']
        const verdicts = await Promise.all(ids.map((to) => sessionData.rotate({ ...as('c'), to })))
        expect(verdicts.toSorted()).toEqual(['done', 'ended', 'ended'])
        const winner = ids[verdicts.indexOf('done')] ?? ''
        for (const id of ids) expect(await read(as(id))).toEqual(id === winner ? { a: '1' } : null)
      })

      it('by somebody who may not use it stays as it is', async () => {
        const { begin, read, as, sessionData, sessions } = await start()
        await sessions.create(session('s'), [])
        await begin()
        expect(await sessionData.rotate({ ...as('c', 's'), to: 'd' })).toBe('absent')
        expect(await read()).toEqual({ a: '1' })
      })
    })

    describe('ended', () => {
      it('is gone with its data, and told so for a minute', async () => {
        const { begin, put, read, as, sessionData, clock } = await start()
        await begin()
        expect(await sessionData.end('c')).toBe('done')
        expect([await read(), await put('a', '2')]).toEqual([null, 'ended'])
        clock.advance(TOMBSTONE_LIFETIME)
        expect([await read(), await put('a', '2')]).toEqual([null, 'absent'])
        expect(await sessionData.end('unknown')).toBe('absent')
        expect(await read(as('c'))).toBe(null)
      })
    })

    describe('D7: at sign-in', () => {
      const adopt = { from: 'c', to: 'd', sessionId: 'new', userId: 'user-1', idleTimeout: IDLE }

      it('of a visitor comes along under a new id, bound to the session; the old id is worth nothing', async () => {
        const { begin, put, read, as, sessions, sessionData } = await start()
        await begin()
        await sessions.create(session('new'), [])
        expect(await sessionData.adopt(adopt)).toBe('done')
        expect(await read(as('d', 'new'))).toEqual({ a: '1' })
        expect(await read(as('d', 'other'))).toBe(null)
        expect([await read(as('c')), await put('a', '2', as('c'))]).toEqual([null, 'ended'])
        expect(await sessionData.adopt({ ...adopt, to: 'e' })).toBe('ended')
      })

      it.each<
        [
          whose: string,
          change: Partial<NewSession>,
          reason: 'replaced' | 'password_changed' | 'logout' | null,
          kept: boolean,
        ]
      >([
        ['the same user’s live session', {}, null, true],
        ['the session that this sign-in replaced', {}, 'replaced', true],
        ['the session that a new password ended', {}, 'password_changed', true],
        ['a session that the user signed out', {}, 'logout', false],
        ['another user’s live session', { userId: 'user-2' }, null, false],
        ['another user’s session that this sign-in replaced', { userId: 'user-2' }, 'replaced', false],
      ])('of %s comes along or is deleted', async (_whose, change, reason, kept) => {
        const { begin, put, read, as, sessions, sessionData } = await start()
        await sessions.create(session('old', change), [])
        await begin(as('c', 'old'))
        if (reason) await sessions.revoke('old', null, reason)
        await sessions.create(session('new'), [])
        expect(await sessionData.adopt(adopt)).toBe(kept ? 'done' : 'absent')
        expect(await read(as('d', 'new'))).toEqual(kept ? { a: '1' } : null)
        expect(await put('a', '2', as('c', 'old'))).toBe('ended')
      })

      it('that has been idle, or whose session has, stays behind; and an unknown id is not adopted', async () => {
        const { begin, as, sessions, sessionData, clock } = await start()
        await sessions.create(session('old'), [])
        await begin(as('c', 'old'))
        clock.advance(HOUR)
        await sessions.create(session('new'), [])
        expect(await sessionData.adopt(adopt)).toBe('absent')
        await begin(as('visitor'))
        clock.advance(IDLE)
        expect(await sessionData.adopt({ ...adopt, from: 'visitor' })).toBe('absent')
        expect(await sessionData.adopt({ ...adopt, from: 'planted' })).toBe('absent')
      })
    })

    it('is pruned once nobody can use it, some at a time, and what is in use stays', async () => {
      const { begin, read, as, sessions, sessionData, clock } = await start()
      for (const id of ['s', 'gone']) await sessions.create(session(id, { idleTimeout: DAY }), [])
      await sessions.create(session('idle', { idleTimeout: HOUR }), [])
      for (const id of ['s', 'gone', 'idle']) await begin(as(`of-${id}`, id))
      for (const id of ['flushed', 'kept', 'old']) await begin(as(id))
      await sessions.revoke('gone', null, 'revoked_by_user')
      clock.advance(HOUR)
      await sessionData.end('flushed')
      for (const holder of [as('kept'), as('of-s', 's')])
        await sessionData.touch({ ...holder, idleTimeout: DAY })
      expect(await sessionData.prune(10)).toBe(1)
      clock.advance(TOMBSTONE_LIFETIME + 1)
      expect(await sessionData.prune(1)).toBe(1)
      expect(await sessionData.prune(10)).toBe(1)
      clock.advance(HOUR)
      expect(await sessionData.prune(10)).toBe(1)
      expect(await sessionData.prune(10)).toBe(0)
      expect([await read(as('kept')), await read(as('of-s', 's'))]).toEqual([{ a: '1' }, { a: '1' }])
    })
  })
}
