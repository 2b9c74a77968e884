// What does a node believe of a session token that it has looked up?
import { openMemory } from 'lockjar/memory'
import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../src/core/encoding/base64url.ts'
import { sha256 } from '../../src/core/encoding/digest.ts'
import { nextSwap } from '../../src/core/session/rotation.ts'
import { createSessionToken } from '../../src/core/session-token/create.ts'
import type { SessionVerdict } from '../../src/state/known-sessions.ts'
import { createKnownSessions } from '../../src/state/known-sessions.ts'
import { testRing } from '../core/ring.ts'
import { createTestClock } from '../support/clock.ts'

const SESSION = '019b76da-a800-7000-8000-00000000000a'
const HOUR = 3_600_000
const GRACE = 10_000

async function setUp() {
  const clock = createTestClock()
  const store = openMemory(clock)
  const ring = await testRing(1)
  const nonce = encodeBase64url(new Uint8Array(16).fill(7))
  await store.users.create({
    id: 'user-1',
    email: 'ada@example.com',
    emailKey: 'ada@example.com',
    username: null,
    usernameKey: null,
    name: null,
    passwordHash: 'hash',
    roles: [],
  })
  const nonceHash = await sha256(nonce)
  await store.sessions.create(
    {
      id: SESSION,
      nonceHash,
      userId: 'user-1',
      remember: false,
      carriage: 'cookie',
      amr: ['pwd'],
      ip: null,
      userAgent: null,
      idleTimeout: HOUR,
      absoluteTimeout: 2 * HOUR,
    },
    [],
  )
  const pending = new Map<string, number>()
  const known = createKnownSessions({
    ring,
    sessions: store.sessions,
    users: store.users,
    clock,
    confirmations: { note: () => {}, pending: (id) => pending.get(id) },
    shared: null,
    capacity: 100,
    trust: 600_000,
    grace: GRACE,
  })
  const token = (generation: number) =>
    createSessionToken('session-token', { sessionId: SESSION, nonce, generation }, ring)
  /** As a step-up does: the session goes on under the next generation. */
  const move = (from: number) =>
    store.sessions.swap({
      id: SESSION,
      nonceHash,
      carriage: 'cookie',
      swap: nextSwap(from, 0),
      idleTimeout: { plain: HOUR, remembered: HOUR },
    })
  return { clock, store, known, pending, token, move }
}

const says = async (verdict: Promise<SessionVerdict> | SessionVerdict): Promise<string> => {
  const settled = await verdict
  return settled.ok ? 'ok' : settled.reason
}

describe('a node', () => {
  it('does not believe a token any longer whose successor is in use, and believes it in the grace only while it reads', async () => {
    const { clock, known, move, token, store } = await setUp()
    await move(0)
    await store.sessions.confirm([{ sessionId: SESSION, generation: 1 }], null)
    const old = await token(0)
    expect(await says(known.verify(old))).toBe('ok')
    clock.advance(GRACE + 1)
    expect(await says(known.verify(old))).toBe('superseded')
    expect(await says(known.verify(await token(1)))).toBe('ok')
  })

  it('goes on believing the one before while nobody has been seen with its successor', async () => {
    const { clock, known, move, token, pending } = await setUp()
    await move(0)
    clock.advance(GRACE + 1)
    expect(await says(known.verify(await token(0)))).toBe('ok')
    // Seen by this node, and not yet written down.
    pending.set(SESSION, 1)
    expect(await says(known.verify(await token(0)))).toBe('superseded')
  })

  it('refuses a live session whose user is disabled or gone, whatever the order of the two writes', async () => {
    const { known, token, store } = await setUp()
    await store.users.setDisabled('user-1', true)
    expect(await says(known.verify(await token(0)))).toBe('revoked')
    await store.users.delete('user-1')
    expect(await says(known.verify(await token(0)))).toBe('revoked')
  })

  it('says of an ended session whether it was revoked', async () => {
    const { clock, known, token, store } = await setUp()
    clock.advance(HOUR)
    expect(await says(known.verify(await token(0)))).toBe('ended')
    clock.step(-HOUR)
    await store.sessions.revoke(SESSION, null, 'logout')
    expect(await says(known.verify(await token(0)))).toBe('revoked')
  })
})
