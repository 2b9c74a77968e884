// Does a sealed text open only where, and for whom, it was sealed?
import { describe, expect, it } from 'vitest'
import { IV_BYTES, openText, sealedLength, sealText } from '../../../src/core/keys/seal.ts'
import { testRing } from '../ring.ts'

const ring = await testRing(1)
const iv = (fill: number): Uint8Array<ArrayBuffer> => new Uint8Array(IV_BYTES).fill(fill)
const seal = (text: string, context = 'theme') => sealText(text, 'cookie-seal', context, iv(1), ring)
const open = (sealed: string, context = 'theme') => openText(sealed, 'cookie-seal', context, ring)

describe('a sealed text', () => {
  it.each(['', 'a', 'ab', 'abc', 'grün 🌿', '{"a":[1,2]}', 'x'.repeat(3000)])('opens as %j', async (text) => {
    const sealed = await seal(text)
    expect(await open(sealed)).toEqual({ text, renew: false })
    expect(sealed.length).toBe(sealedLength(text))
    expect(sealed).toMatch(/^[\w-]{8}\.[\w-]+$/)
  })

  it('is another one for another IV, and shows nothing of what it holds', async () => {
    const other = await sealText('a secret', 'cookie-seal', 'theme', iv(2), ring)
    expect(other).not.toBe(await seal('a secret'))
    expect(atob(other.slice(9).replaceAll('-', '+').replaceAll('_', '/'))).not.toContain('secret')
  })

  it('opens in its own context, for its own purpose and under its own ring only', async () => {
    const sealed = await seal('a')
    expect(await open(sealed, 'cart')).toBe(null)
    expect(await openText(sealed, 'session-data-seal', 'theme', ring)).toBe(null)
    expect(await openText(sealed, 'cookie-seal', 'theme', await testRing(2))).toBe(null)
  })

  it('of a previous key opens, and says that it should be sealed anew', async () => {
    expect(await openText(await seal('a'), 'cookie-seal', 'theme', await testRing(2, 1))).toEqual({
      text: 'a',
      renew: true,
    })
  })

  it('does not open once any part of it has changed', async () => {
    const sealed = await seal('a text of some length')
    for (let at = 0; at < sealed.length; at++) {
      const damaged = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
      expect(await open(damaged), String(at)).toBe(null)
    }
    for (const damaged of ['', '.', sealed.slice(0, 9), sealed.slice(0, 30), `${sealed}A`, `${sealed}=`])
      expect(await open(damaged)).toBe(null)
  })
})
