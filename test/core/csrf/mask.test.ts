// Does a masked CSRF token look different each time and say the same?
import { expect, it } from 'vitest'
import { maskCsrfToken, padLength, unmaskCsrfToken } from '../../../src/core/csrf/mask.ts'
import { createCsrfToken, verifyCsrfToken } from '../../../src/core/csrf/token.ts'
import { encodeBase64url } from '../../../src/core/encoding/base64url.ts'
import { testRing } from '../ring.ts'

const ring = await testRing(1)
const token = await createCsrfToken('session-a', encodeBase64url(new Uint8Array(16).fill(7)), ring)
const pad = (fill: number): Uint8Array => new Uint8Array(padLength(token)).fill(fill)

it('is another text for another pad, in which no part of the token stands, and both are good', async () => {
  const masks = [1, 200].map((fill) => maskCsrfToken(token, pad(fill)))
  expect(masks[0]).not.toBe(masks[1])
  for (const masked of masks) {
    expect(unmaskCsrfToken(masked)).toBe(token)
    for (const part of token.split('.')) expect(masked).not.toContain(part)
    expect(await verifyCsrfToken('session-a', masked, [token], ring)).toBe(true)
  }
})

it('is still bound to the session and to the cookie beside it', async () => {
  const masked = maskCsrfToken(token, pad(9))
  const other = await createCsrfToken('session-a', encodeBase64url(new Uint8Array(16).fill(8)), ring)
  expect(await verifyCsrfToken('session-b', masked, [token], ring)).toBe(false)
  expect(await verifyCsrfToken('session-a', masked, [other], ring)).toBe(false)
  expect(await verifyCsrfToken('session-a', masked, [], ring)).toBe(false)
})

it('a plain one is itself', () => {
  expect(unmaskCsrfToken(token)).toBe(token)
})

it.each(['', 'A', 'AAAA', 'A'.repeat(516), '%41', 'Zg', '==', 'é'])('%j hides no token', async (text) => {
  expect(await verifyCsrfToken('session-a', text, [token], ring)).toBe(false)
})

it('one character changed hides another token', async () => {
  const masked = maskCsrfToken(token, pad(3))
  for (const at of [0, 60, masked.length - 5]) {
    const damaged = masked.slice(0, at) + (masked[at] === 'A' ? 'B' : 'A') + masked.slice(at + 1)
    expect(await verifyCsrfToken('session-a', damaged, [token], ring)).toBe(false)
  }
})
