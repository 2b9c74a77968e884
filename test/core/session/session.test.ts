// When does a session end?
import { describe, expect, it } from 'vitest'
import type { NewSession, SessionRecord } from '../../../src/core/session/session.ts'
import { createSession, sessionEnd } from '../../../src/core/session/session.ts'

const NOW = 1_767_225_600_000
const chosen: NewSession = {
  id: '019b76da-a800-7000-8000-000000000001',
  nonceHash: 'hash',
  userId: 'user',
  remember: false,
  carriage: 'cookie',
  amr: ['pwd'],
  ip: null,
  userAgent: null,
  idleTimeout: 1000,
  absoluteTimeout: 5000,
}
const session = createSession(chosen, NOW)

describe('a session that begins', () => {
  it('is at generation 0, of which nobody has been seen yet', () => {
    expect(session).toMatchObject({
      generation: 0,
      predecessor: null,
      confirmedGeneration: -1,
      revokedAt: null,
    })
  })

  it('ends idle and absolutely so long after its start', () => {
    expect(session).toMatchObject({ idleExpiresAt: NOW + 1000, expiresAt: NOW + 5000, authTime: NOW })
  })

  it('never idles past its absolute end', () => {
    expect(createSession({ ...chosen, idleTimeout: 9000 }, NOW).idleExpiresAt).toBe(NOW + 5000)
  })

  it('keeps its timeouts as instants only', () => {
    expect(Object.keys(session)).not.toContain('idleTimeout')
    expect(Object.keys(session)).not.toContain('absoluteTimeout')
  })
})

describe('sessionEnd', () => {
  it.each<[change: Partial<SessionRecord>, now: number, end: ReturnType<typeof sessionEnd>]>([
    [{}, NOW, null],
    [{}, NOW + 999, null],
    [{}, NOW + 1000, 'idle'],
    [{ idleExpiresAt: NOW + 5000 }, NOW + 4999, null],
    [{ idleExpiresAt: NOW + 5000 }, NOW + 5000, 'expired'],
    [{}, NOW + 5000, 'expired'],
    [{ revokedAt: NOW }, NOW, 'revoked'],
    [{ revokedAt: NOW }, NOW + 9000, 'revoked'],
    [{ revokedAt: NOW + 10 }, NOW, 'revoked'],
    [{}, NOW - 9000, null],
  ])('with %j at %i is %j', (change, now, end) => {
    expect(sessionEnd({ ...session, ...change }, now)).toBe(end)
  })
})
