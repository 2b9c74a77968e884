// Is a CSRF token good for one session only, and only beside its cookie?
import { describe, expect, it } from 'vitest'
import { createCsrfToken, isCsrfTokenFor, verifyCsrfToken } from '../../../src/core/csrf/token.ts'
import { encodeBase64url } from '../../../src/core/encoding/base64url.ts'
import { signText } from '../../../src/core/keys/mac.ts'
import { testRing } from '../ring.ts'

const ring = await testRing(1)
const nonce = (fill: number): string => encodeBase64url(new Uint8Array(16).fill(fill))
const mine = await createCsrfToken('session-a', nonce(1), ring)

describe('a CSRF token', () => {
  it('is good for the session it was made for', async () => {
    expect(await isCsrfTokenFor('session-a', mine, ring)).toBe(true)
    expect(mine).toMatch(/^[\w-]{22}\.[\w-]{8}\.[\w-]{43}$/)
  })

  it.each(['session-b', '', 'session-', 'session-a.', 'SESSION-A'])(
    'is bad for the binding %j',
    async (binding) => {
      expect(await isCsrfTokenFor(binding, mine, ring)).toBe(false)
    },
  )

  it('of a visitor is bad after sign-in', async () => {
    const visitor = await createCsrfToken('', nonce(1), ring)
    expect(await isCsrfTokenFor('', visitor, ring)).toBe(true)
    expect(await isCsrfTokenFor('session-a', visitor, ring)).toBe(false)
  })

  it('of another deployment is bad', async () => {
    expect(await isCsrfTokenFor('session-a', mine, await testRing(2))).toBe(false)
  })

  it('of a previous key is good while the key is in the ring', async () => {
    expect(await isCsrfTokenFor('session-a', mine, await testRing(2, 1))).toBe(true)
  })

  it('signed with the key of another purpose is bad', async () => {
    const mac = await signText(ring.current.for['refresh-token'], `session-a.${nonce(1)}`)
    expect(await isCsrfTokenFor('session-a', `${nonce(1)}.${ring.current.id}.${mac}`, ring)).toBe(false)
  })

  it('cannot move its seam between binding and nonce', async () => {
    const token = await createCsrfToken('a', nonce(1), ring)
    const [, id, mac] = token.split('.')
    expect(await isCsrfTokenFor(`a.${nonce(1)}`, `${nonce(1)}.${id}.${mac}`, ring)).toBe(false)
  })

  const [n = '', id = '', mac = ''] = mine.split('.')
  it.each<[damage: string, token: string]>([
    ['nothing', ''],
    ['dots', '..'],
    ['no MAC', `${n}.${id}.`],
    ['a part more', `${mine}.x`],
    ['a part less', `${n}.${id}`],
    ['another nonce', `${nonce(2)}.${id}.${mac}`],
    ['a nonce of 15 bytes', `${encodeBase64url(new Uint8Array(15))}.${id}.${mac}`],
    ['an unknown key', `${n}.AAAAAAAA.${mac}`],
    ['a MAC of another text', `${n}.${id}.${'A'.repeat(43)}`],
    ['padding', `${mine}=`],
    ['a space', ` ${mine}`],
    ['lower case', mine.toLowerCase()],
    ['upper case', mine.toUpperCase()],
    ['100,000 characters', 'a'.repeat(100_000)],
    ['100,000 dots', '.'.repeat(100_000)],
    ['our token and 100,000 characters', mine + 'a'.repeat(100_000)],
  ])('with %s is bad', async (_damage, token) => {
    expect(await isCsrfTokenFor('session-a', token, ring)).toBe(false)
    expect(await verifyCsrfToken('session-a', token, [token], ring)).toBe(false)
  })
})

describe('the double submit', () => {
  it('passes when page and cookie say the same', async () => {
    expect(await verifyCsrfToken('session-a', mine, [mine], ring)).toBe(true)
  })

  it('fails when either is missing, or they differ, or the cookie came twice', async () => {
    const other = await createCsrfToken('session-a', nonce(2), ring)
    expect(await verifyCsrfToken('session-a', null, [mine], ring)).toBe(false)
    expect(await verifyCsrfToken('session-a', mine, [], ring)).toBe(false)
    expect(await verifyCsrfToken('session-a', mine, [other], ring)).toBe(false)
    expect(await verifyCsrfToken('session-a', mine, [mine, other], ring)).toBe(false)
    expect(await verifyCsrfToken('session-a', '', [''], ring)).toBe(false)
  })

  it('fails for a token of the attacker’s own session planted in both places', async () => {
    const planted = await createCsrfToken('session-of-the-attacker', nonce(3), ring)
    expect(await verifyCsrfToken('session-a', planted, [planted], ring)).toBe(false)
  })
})
