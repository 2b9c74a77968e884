// What does a process believe of a session that another one has read, whoever may write to what lies between them?
import { openMemory } from 'lockjar/memory'
import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../src/core/encoding/base64url.ts'
import { sha256 } from '../../src/core/encoding/digest.ts'
import type { KeyRing } from '../../src/core/keys/ring.ts'
import { createSessionToken } from '../../src/core/session-token/create.ts'
import type { SessionCache } from '../../src/ports/session-cache.ts'
import type { KnownSessions, SessionVerdict } from '../../src/state/known-sessions.ts'
import { createKnownSessions } from '../../src/state/known-sessions.ts'
import type { SharedSessions } from '../../src/state/shared-sessions.ts'
import { createSharedSessions } from '../../src/state/shared-sessions.ts'
import { testRing } from '../core/ring.ts'
import { createTestClock } from '../support/clock.ts'

const MINE = '019b76da-a800-7000-8000-00000000000a'
const OTHER = '019b76da-a800-7000-8000-00000000000b'
const HOUR = 3_600_000
const TRUST = 600_000
const NONCE = encodeBase64url(new Uint8Array(16).fill(7))

interface Kept {
  text: string
  lifetime: number
}

/** As anybody may write to it, and read from it. */
function createOpenCache() {
  const kept = new Map<string, Kept>()
  const cache: SessionCache = {
    get: async (key) => kept.get(key)?.text ?? null,
    put: (key, text, lifetime) => void kept.set(key, { text, lifetime }),
  }
  return { kept, cache }
}

async function setUp() {
  const clock = createTestClock()
  const store = openMemory(clock)
  const ring = await testRing(1)
  const { kept, cache } = createOpenCache()
  const nonceHash = await sha256(NONCE)
  for (const [session, user] of [
    [MINE, 'user-1'],
    [OTHER, 'user-2'],
  ] as const) {
    await store.users.create({
      id: user,
      email: `${user}@example.com`,
      emailKey: `${user}@example.com`,
      username: null,
      usernameKey: null,
      name: null,
      passwordHash: 'hash',
      roles: user === 'user-2' ? ['superuser'] : [],
    })
    await store.sessions.create(
      {
        id: session,
        nonceHash,
        userId: user,
        remember: false,
        carriage: 'cookie',
        amr: ['pwd'],
        ip: '192.0.2.7',
        userAgent: 'a browser',
        idleTimeout: HOUR,
        absoluteTimeout: 2 * HOUR,
      },
      [],
    )
  }
  let reads = 0
  const keeping: Promise<void>[] = []
  const share = (keys: KeyRing): SharedSessions => {
    const shared = createSharedSessions({ cache, ring: keys })
    return {
      find: shared.find,
      async keep(...args) {
        keeping.push(shared.keep(...args))
      },
    }
  }
  const start = (keys: KeyRing = ring): KnownSessions =>
    createKnownSessions({
      ring: keys,
      sessions: {
        find(id) {
          reads++
          return store.sessions.find(id)
        },
      },
      users: store.users,
      clock,
      confirmations: { note: () => {}, pending: () => undefined },
      shared: share(keys),
      capacity: 100,
      trust: TRUST,
      grace: 10_000,
    })
  const token = (generation = 0, sessionId = MINE, nonce = NONCE) =>
    createSessionToken('session-token', { sessionId, nonce, generation }, ring)
  /** What the row was asked for, and the answer. */
  const ask = async (process: KnownSessions, shown: string) => {
    const before = reads
    const verdict = await process.verify(shown)
    await Promise.all(keeping)
    return { verdict, says: verdict.ok ? 'ok' : verdict.reason, reads: reads - before }
  }
  const keyOf = (generation = 0, sessionId = MINE) => `1.${sessionId}.${generation}`
  const keptOf = (key: string): Kept => {
    const found = kept.get(key)
    if (!found) throw new Error(`nothing is kept under ${key}`)
    return found
  }
  return { clock, store, ring, kept, keeping, start, token, ask, keyOf, keptOf }
}

const claimsOf = (verdict: SessionVerdict) => (verdict.ok ? verdict.known.claims : null)

describe('what one process has read', () => {
  it('another one knows without the database, and says the same of it', async () => {
    const { start, token, ask } = await setUp()
    const shown = await token()
    const first = await ask(start(), shown)
    const second = await ask(start(), shown)
    expect([first.reads, second.reads]).toEqual([1, 0])
    expect(second.verdict).toEqual(first.verdict)
  })

  it('is believed for one access lifetime from the reading, however often it is handed on', async () => {
    const { clock, start, token, ask, keyOf, keptOf } = await setUp()
    const shown = await token()
    const first = await ask(start(), shown)
    expect(keptOf(keyOf()).lifetime).toBe(TRUST)
    clock.advance(TRUST - 1)
    const late = start()
    const handedOn = await ask(late, shown)
    expect(handedOn).toMatchObject({ says: 'ok', reads: 0 })
    // A floor of everything since then refuses it.
    expect(claimsOf(handedOn.verdict)?.iat).toBe(claimsOf(first.verdict)?.iat)
    clock.advance(1)
    expect(await ask(late, shown)).toMatchObject({ says: 'ok', reads: 1 })
  })

  it('counts by the instant that is written in it: one who puts it back later gains nothing', async () => {
    const { clock, kept, start, token, ask, keyOf, keptOf } = await setUp()
    const shown = await token()
    await ask(start(), shown)
    const old = keptOf(keyOf())
    clock.advance(TRUST)
    kept.set(keyOf(), old)
    expect(await ask(start(), shown)).toMatchObject({ reads: 1 })
    // A clock that was set back makes nothing young.
    clock.advance(HOUR / 2)
    kept.set(keyOf(), old)
    clock.step(-2 * HOUR)
    expect(await ask(start(), shown)).toMatchObject({ reads: 1 })
  })

  it('is not believed past the end of the session that it says', async () => {
    const { clock, start, token, ask, keyOf, keptOf } = await setUp()
    const shown = await token()
    clock.advance(HOUR - 60_000)
    await ask(start(), shown)
    expect(keptOf(keyOf()).lifetime).toBe(60_000)
    clock.advance(60_000)
    expect(await ask(start(), shown)).toMatchObject({ says: 'ended', reads: 1 })
  })

  it('holds no credential, no address and no browser', async () => {
    const { start, token, ask, keyOf, keptOf } = await setUp()
    const shown = await token()
    await ask(start(), shown)
    const { text } = keptOf(keyOf())
    const [, nonce = '', , , mac = ''] = shown.split('.')
    for (const part of [nonce, mac, '192.0.2.7', 'a browser', 'user-1@']) expect(text).not.toContain(part)
  })

  it('is not asked for by whoever reads the row again', async () => {
    const { start, token, ask, store, keeping } = await setUp()
    const shown = await token()
    await ask(start(), shown)
    await store.users.setRoles('user-1', ['editor'])
    const verdict = await start().renew(shown)
    expect(claimsOf(verdict)).toMatchObject({ roles: ['editor'], rev: 1 })
    await Promise.all(keeping)
    // And then all know.
    expect(claimsOf((await ask(start(), shown)).verdict)).toMatchObject({ roles: ['editor'], rev: 1 })
  })

  it('nothing is kept of sessions that have ended, of users who are disabled, or of a token that is superseded soon', async () => {
    const { kept, start, token, ask, store } = await setUp()
    await store.sessions.revoke(OTHER, null, 'logout')
    expect(await ask(start(), await token(0, OTHER))).toMatchObject({ says: 'revoked' })
    await store.sessions.prove(MINE, ['pwd'], { from: 0, to: 1, predecessor: 0, confirmed: 0 })
    expect(await ask(start(), await token(0))).toMatchObject({ says: 'ok' })
    await store.users.setDisabled('user-1', true)
    expect(await ask(start(), await token(1))).toMatchObject({ says: 'revoked' })
    expect([...kept.keys()]).toEqual([])
  })

  it('from before a step-up says nothing of the token that came with it', async () => {
    const { clock, start, token, ask, store } = await setUp()
    await ask(start(), await token(0))
    clock.advance(60_000)
    await store.sessions.prove(MINE, ['otp'], { from: 0, to: 1, predecessor: 0, confirmed: 0 })
    const { verdict, reads } = await ask(start(), await token(1))
    expect([reads, claimsOf(verdict)]).toMatchObject([
      1,
      { amr: ['otp', 'pwd'], auth_time: clock.now() / 1000 },
    ])
  })
})

describe('whoever can write there makes no session, changes none, and puts none in the place of another:', () => {
  type Scene = Awaited<ReturnType<typeof setUp>>

  it.each<[what: string, tamper: (scene: Scene) => Promise<unknown> | unknown]>([
    ['nothing', ({ kept }) => kept.clear()],
    ['an empty text', ({ keyOf, keptOf }) => Object.assign(keptOf(keyOf()), { text: '' })],
    [
      'a text that is cut',
      ({ keyOf, keptOf }) => {
        const it = keptOf(keyOf())
        it.text = it.text.slice(0, -1)
      },
    ],
    [
      'other roles',
      ({ keyOf, keptOf }) => {
        const it = keptOf(keyOf())
        it.text = it.text.replace('"roles":[]', '"roles":["superuser"]')
      },
    ],
    [
      'a later instant',
      ({ keyOf, keptOf, clock }) => {
        const it = keptOf(keyOf())
        it.text = it.text.replace(/"readAt":\d+/, `"readAt":${clock.now() + HOUR}`)
      },
    ],
    [
      'a key that there is not',
      ({ keyOf, keptOf }) => {
        const it = keptOf(keyOf())
        it.text = `AAAAAAAA${it.text.slice(8)}`
      },
    ],
    [
      'the signature alone',
      ({ keyOf, keptOf }) => {
        const it = keptOf(keyOf())
        it.text = it.text.slice(0, 51)
      },
    ],
    [
      'what is signed for the session of somebody else',
      async ({ start, token, ask, keyOf, keptOf }) => {
        await ask(start(), await token(0, OTHER))
        keptOf(keyOf()).text = keptOf(keyOf(0, OTHER)).text
      },
    ],
    [
      'what another installation has signed',
      async ({ keyOf, keptOf, kept }) => {
        const stranger = createSharedSessions({
          ring: await testRing(2),
          cache: {
            get: async () => null,
            put: (key, text, lifetime) => void kept.set(key, { text, lifetime }),
          },
        })
        const before = keptOf(keyOf()).text
        const { readAt, session, user } = JSON.parse(before.slice(51)) as Parameters<typeof stranger.keep>[0]
        await stranger.keep({ readAt, session, user: { ...user, roles: ['superuser'] } }, TRUST)
        // Under the name of our key, too.
        const { text } = keptOf(keyOf())
        expect(text).not.toBe(before)
        keptOf(keyOf()).text = `${before.slice(0, 8)}${text.slice(8)}`
      },
    ],
  ])('%s leads to the database', async (_what, tamper) => {
    const scene = await setUp()
    const shown = await scene.token()
    await scene.ask(scene.start(), shown)
    await tamper(scene)
    const { verdict, reads } = await scene.ask(scene.start(), shown)
    expect([reads, claimsOf(verdict)]).toMatchObject([1, { sub: 'user-1', sid: MINE, roles: [] }])
  })

  it('a token of a leaked key, whose nonce nobody knows, is refused by what is kept as by the row', async () => {
    const { start, token, ask } = await setUp()
    await ask(start(), await token())
    const forged = await token(0, MINE, encodeBase64url(new Uint8Array(16).fill(8)))
    expect(await ask(start(), forged)).toMatchObject({ says: 'invalid', reads: 1 })
  })
})
