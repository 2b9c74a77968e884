// Is a refresh token known by arithmetic alone, in one canonical spelling?
import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../../src/core/encoding/base64url.ts'
import { signText } from '../../../src/core/keys/mac.ts'
import { createRefreshToken } from '../../../src/core/refresh-token/create.ts'
import { verifyRefreshToken } from '../../../src/core/refresh-token/verify.ts'
import { testRing, testSigning } from '../ring.ts'

const ring = await testRing(1)
const claims = {
  sessionId: '019b76da-a800-7000-8000-00000000000a',
  nonce: encodeBase64url(Uint8Array.from({ length: 16 }, (_, n) => n)),
  generation: 12,
}
const token = await createRefreshToken(claims, ring)
const [sid = '', nonce = '', generation = '', kid = '', mac = ''] = token.split('.')

/** Signed with our key, whatever it says. */
async function signed(...parts: readonly string[]): Promise<string> {
  const text = parts.join('.')
  return `${text}.${await signText(ring.current.for['refresh-token'], text)}`
}

describe('a refresh token', () => {
  it('comes back with what it says', async () => {
    expect(await verifyRefreshToken(token, ring)).toEqual(claims)
    expect([sid, nonce, generation, kid]).toEqual([claims.sessionId, claims.nonce, '12', ring.current.id])
  })

  it('is the same on every node that makes it', async () => {
    expect(await createRefreshToken(claims, await testRing(1))).toBe(token)
  })

  it.each([0, 1, 9, 10, 999_999_999_999_999])('may be of generation %i', async (of) => {
    const made = await createRefreshToken({ ...claims, generation: of }, ring)
    expect(await verifyRefreshToken(made, ring)).toEqual({ ...claims, generation: of })
  })

  it('of a previous key is good, and the next one is made with the new key', async () => {
    const rotated = await testRing(2, 1)
    expect(await verifyRefreshToken(token, rotated)).toEqual(claims)
    expect((await createRefreshToken(claims, rotated)).split('.')[3]).toBe(rotated.current.id)
    expect(await verifyRefreshToken(token, await testRing(2))).toBeNull()
  })

  it('is refused when any one of its parts is of another token', async () => {
    const other = (
      await createRefreshToken(
        {
          sessionId: '019b76da-a800-7000-8000-00000000000b',
          nonce: encodeBase64url(new Uint8Array(16).fill(9)),
          generation: 13,
        },
        await testRing(2, 1),
      )
    ).split('.')
    const both = await testRing(1, 2)
    for (let index = 0; index < 5; index++) {
      const mixed = token.split('.').with(index, other[index] ?? '')
      expect(await verifyRefreshToken(mixed.join('.'), both)).toBeNull()
    }
  })

  it('is refused when any one of its characters is another', async () => {
    for (let index = 0; index < token.length; index++) {
      const other = token[index] === 'A' ? 'B' : 'A'
      expect(
        await verifyRefreshToken(token.slice(0, index) + other + token.slice(index + 1), ring),
      ).toBeNull()
    }
  })

  it.each<[spelling: string, parts: readonly string[]]>([
    ['a leading zero', [sid, nonce, '012', kid]],
    ['a sign', [sid, nonce, '+12', kid]],
    ['a minus', [sid, nonce, '-12', kid]],
    ['an exponent', [sid, nonce, '1e1', kid]],
    ['hexadecimal', [sid, nonce, '0xc', kid]],
    ['a fraction', [sid, nonce, '12,0', kid]],
    ['a blank generation', [sid, nonce, ' 12', kid]],
    ['other digits', [sid, nonce, '١٢', kid]],
    ['a generation beyond all numbers', [sid, nonce, '9007199254740993', kid]],
    ['no generation', [sid, nonce, '', kid]],
    ['an upper-case session', [sid.toUpperCase(), nonce, generation, kid]],
    ['a session that is no UUIDv7', [sid.replace('-7', '-4'), nonce, generation, kid]],
    ['a session without hyphens', [sid.replaceAll('-', ''), nonce, generation, kid]],
    ['a nonce of 15 bytes', [sid, encodeBase64url(new Uint8Array(15)), generation, kid]],
    ['a nonce of 17 bytes', [sid, encodeBase64url(new Uint8Array(17)), generation, kid]],
    ['a padded nonce', [sid, `${nonce}==`, generation, kid]],
    ['a nonce with stray bits', [sid, `${nonce.slice(0, -1)}x`, generation, kid]],
    ['an unknown key', [sid, nonce, generation, 'AAAAAAAA']],
    ['a short key id', [sid, nonce, generation, 'AAAA']],
    ['a key id of a prototype', [sid, nonce, generation, '__proto__']],
    ['a part less', [sid, nonce, generation]],
    ['a part more', [sid, nonce, generation, kid, 'x']],
  ])('is refused with %s, even under a right MAC', async (_spelling, parts) => {
    expect(await verifyRefreshToken(await signed(...parts), ring)).toBeNull()
  })

  it.each<[damage: string, text: string]>([
    ['is empty', ''],
    ['is dots', '....'],
    ['is padded', `${token}=`],
    ['begins with a space', ` ${token}`],
    ['ends with a line', `${token}\n`],
    ['is quoted', `"${token}"`],
    ['lacks its MAC', token.slice(0, -mac.length)],
    ['has half a MAC', token.slice(0, -20)],
    ['is 100,000 characters', 'a'.repeat(100_000)],
    ['is 100,000 dots', '.'.repeat(100_000)],
  ])('is refused when its text %s', async (_damage, text) => {
    expect(await verifyRefreshToken(text, ring)).toBeNull()
  })

  it('is refused with any other last character of its MAC', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (const last of alphabet.replace(token.at(-1) ?? '', '')) {
      expect(await verifyRefreshToken(token.slice(0, -1) + last, ring)).toBeNull()
    }
  })

  it('signed with the key of another purpose is refused', async () => {
    const text = [sid, nonce, generation, kid].join('.')
    for (const key of [ring.current.for['csrf-token'], (await testSigning(1)).current.key]) {
      const other = await signText(key, text)
      expect(await verifyRefreshToken(`${text}.${other}`, ring)).toBeNull()
    }
  })
})
