// Have bytes exactly one spelling?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../../../src/core/encoding/base64url.ts'

describe('base64url', () => {
  it.each<[bytes: number[], text: string]>([
    [[], ''],
    [[0], 'AA'],
    [[255], '_w'],
    [[251, 239], '--8'],
    [[255, 255, 255], '____'],
    [[102, 111, 111, 98, 97, 114], 'Zm9vYmFy'],
  ])('of %j is %j', (bytes, text) => {
    expect(encodeBase64url(Uint8Array.from(bytes))).toBe(text)
    expect(decodeBase64url(text)).toEqual(Uint8Array.from(bytes))
  })

  it('agrees with Node’s own for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64url')
        expect(encodeBase64url(bytes)).toBe(text)
        expect(Buffer.from(decodeBase64url(text) ?? [])).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it.each([
    'A',
    'AB',
    'AAB',
    'AAAAA',
    'AA==',
    'AA=',
    '=',
    '+w',
    '/w',
    'A A',
    ' AA',
    'AA\n',
    'AA\0',
    'ÄA',
    '?',
    'AA.',
    '_x',
    'Zm9vYmF=',
    'Zm9vYmG',
  ])('has no bytes for %j', (text) => {
    expect(decodeBase64url(text)).toBeNull()
  })

  it('never throws, and what it reads has that one spelling', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'AQgw_-9=') })), (text) => {
        const bytes = decodeBase64url(text)
        if (bytes) expect(encodeBase64url(bytes)).toBe(text)
      }),
    )
  })
})
