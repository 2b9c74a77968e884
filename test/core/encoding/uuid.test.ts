// Is an identifier a UUIDv7 that sorts by its time?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createUuid, isUuid } from '../../../src/core/encoding/uuid.ts'

const NOW = 1_767_225_600_000

describe('a UUIDv7', () => {
  it('holds its milliseconds, its version, its variant and the random bits', () => {
    expect(createUuid(0x019b76daa800, new Uint8Array(10))).toBe('019b76da-a800-7000-8000-000000000000')
    expect(createUuid(0x019b76daa800, new Uint8Array(10).fill(255))).toBe(
      '019b76da-a800-7fff-bfff-ffffffffffff',
    )
    expect(createUuid(2 ** 48 - 1, new Uint8Array(10))).toBe('ffffffff-ffff-7000-8000-000000000000')
  })

  it('is always one by its own test, and sorts by time', () => {
    const random = fc.uint8Array({ minLength: 10, maxLength: 10 })
    const time = fc.integer({ min: 0, max: 2 ** 48 - 1 })
    fc.assert(
      fc.property(time, random, time, random, (a, x, b, y) => {
        const [one, other] = [createUuid(a, x), createUuid(b, y)]
        expect(isUuid(one)).toBe(true)
        if (a < b) expect(one < other).toBe(true)
      }),
    )
  })

  it('takes only the first ten bytes it is given', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, n) => n)
    expect(createUuid(NOW, bytes)).toBe(createUuid(NOW, bytes.subarray(0, 10)))
  })

  it.each([
    '',
    '019b76da-a800-7000-8000-00000000000',
    '019b76da-a800-7000-8000-0000000000000',
    '019B76DA-A800-7000-8000-000000000000',
    '019b76da-a800-4000-8000-000000000000',
    '019b76da-a800-7000-7000-000000000000',
    '019b76da-a800-7000-c000-000000000000',
    '019b76daa80070008000000000000000',
    '{019b76da-a800-7000-8000-000000000000}',
    ' 019b76da-a800-7000-8000-000000000000',
    '019b76da-a800-7000-8000-000000000000\n',
    '019b76da-a800-7000-8000-00000000000g',
  ])('is not %j', (text) => {
    expect(isUuid(text)).toBe(false)
  })
})
