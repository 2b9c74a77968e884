// Do keys come from the secret, rotate by a list and stay within their purpose?
import { describe, expect, it } from 'vitest'
import { signText, verifyText } from '../../../src/core/keys/mac.ts'
import type { KeyPurpose } from '../../../src/core/keys/ring.ts'
import { createKeyRing, KEY_ID_PATTERN, KEY_PURPOSES } from '../../../src/core/keys/ring.ts'
import { secretBytes, testRing } from '../ring.ts'

const PURPOSES = Object.keys(KEY_PURPOSES) as KeyPurpose[]
const SIGNING = PURPOSES.filter((purpose) => KEY_PURPOSES[purpose] === 'sign')

describe('a key ring', () => {
  it('derives one id from one secret, on every node and at every start', async () => {
    const [one, other] = [await testRing(1), await testRing(1)]
    expect(one.current.id).toBe(other.current.id)
    expect(one.current.id).toMatch(KEY_ID_PATTERN)
    expect((await testRing(2)).current.id).not.toBe(one.current.id)
  })

  it('keeps the derivation that released tokens depend on', async () => {
    const ring = await createKeyRing([new Uint8Array(32).fill(7)])
    const again = await signText(ring.current.for['refresh-token'], 'text')
    const { createHmac, hkdfSync } = await import('node:crypto')
    const derive = (purpose: string, length: number): Buffer =>
      Buffer.from(hkdfSync('sha256', new Uint8Array(32).fill(7), '', `lockjar/v1/${purpose}`, length))
    expect(ring.current.id).toBe(derive('key-id', 6).toString('base64url'))
    expect(again).toBe(createHmac('sha256', derive('refresh-token', 32)).update('text').digest('base64url'))
  })

  it('signs with the first key and verifies with all', async () => {
    const before = await testRing(1)
    const after = await testRing(2, 1)
    expect(after.current.id).not.toBe(before.current.id)
    const mac = await signText(before.current.for['csrf-token'], 'text')
    const key = after.find(before.current.id)
    expect(key && (await verifyText(key.for['csrf-token'], 'text', mac))).toBe(true)
    expect(before.find(after.current.id)).toBeUndefined()
  })

  it('knows no key by another name', async () => {
    const ring = await testRing(1)
    for (const id of [
      '',
      'constructor',
      '__proto__',
      `${ring.current.id.slice(0, -1)}`,
      `${ring.current.id} `,
    ])
      expect(ring.find(id)).toBeUndefined()
  })

  it.each(SIGNING.flatMap((made) => SIGNING.map((used) => [made, used] as const)))(
    'takes a MAC made for %s as one for %s only when they are one purpose',
    async (made, used) => {
      const { current } = await testRing(1)
      const mac = await signText(current.for[made], 'text')
      expect(await verifyText(current.for[used], 'text', mac)).toBe(made === used)
    },
  )

  it('holds keys that cannot be taken out of it', async () => {
    const { current } = await testRing(1)
    for (const purpose of PURPOSES) {
      await expect(crypto.subtle.exportKey('raw', current.for[purpose])).rejects.toThrow()
    }
  })
})

describe('a MAC', () => {
  it('is right in one spelling only', async () => {
    const { current } = await testRing(1)
    const key = current.for['csrf-token']
    const mac = await signText(key, 'text')
    expect(mac).toMatch(/^[\w-]{43}$/)
    expect(await verifyText(key, 'text', mac)).toBe(true)
    const last = mac.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (const other of alphabet.replace(last, '')) {
      expect(await verifyText(key, 'text', mac.slice(0, -1) + other)).toBe(false)
    }
    for (const wrong of [
      '',
      `${mac}=`,
      `${mac}A`,
      mac.slice(0, -1),
      mac.slice(0, 22),
      ` ${mac}`,
      `${mac}\n`,
    ]) {
      expect(await verifyText(key, 'text', wrong)).toBe(false)
    }
    expect(await verifyText(key, 'text ', mac)).toBe(false)
  })

  it('of one secret is worth nothing under another', async () => {
    const mac = await signText((await testRing(1)).current.for['csrf-token'], 'text')
    expect(await verifyText((await testRing(2)).current.for['csrf-token'], 'text', mac)).toBe(false)
    expect(secretBytes(1)).not.toEqual(secretBytes(2))
  })
})
