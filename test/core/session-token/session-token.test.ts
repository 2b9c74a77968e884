// Is a session token known by arithmetic alone, and can neither kind be taken for the other?
import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../../src/core/encoding/base64url.ts'
import { createSessionToken } from '../../../src/core/session-token/create.ts'
import { verifySessionToken } from '../../../src/core/session-token/verify.ts'
import { testRing } from '../ring.ts'

const claims = {
  sessionId: '019b76da-a800-7000-8000-00000000000a',
  nonce: encodeBase64url(Uint8Array.from({ length: 16 }, (_, n) => n)),
  generation: 3,
}

describe('a session token', () => {
  it('comes back with what it says, and whether the current key signed it', async () => {
    const ring = await testRing(1)
    const token = await createSessionToken('session-token', claims, ring)
    expect(await verifySessionToken('session-token', token, ring)).toEqual({ ...claims, current: true })
    expect(await verifySessionToken('session-token', token, await testRing(2, 1))).toEqual({
      ...claims,
      current: false,
    })
    expect(await verifySessionToken('session-token', token, await testRing(2))).toBeNull()
  })

  it('is no refresh token, nor the reverse', async () => {
    const ring = await testRing(1)
    const session = await createSessionToken('session-token', claims, ring)
    const refresh = await createSessionToken('refresh-token', claims, ring)
    expect(await verifySessionToken('refresh-token', session, ring)).toBeNull()
    expect(await verifySessionToken('session-token', refresh, ring)).toBeNull()
  })
})
