// Is the one comparison for secrets right?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalSecret } from '../../../src/core/encoding/equal.ts'

describe('equalSecret', () => {
  it.each<[a: string, b: string, verdict: boolean]>([
    ['', '', true],
    ['a', 'a', true],
    ['a', '', false],
    ['', 'a', false],
    ['a', 'b', false],
    ['aa', 'a', false],
    ['a', 'aa', false],
    ['abab', 'ab', false],
    ['ab', 'abab', false],
    ['\0', '', false],
    ['a\0', 'a', false],
    ['é', 'e\u0301', false],
  ])('of %j and %j is %s', (a, b, verdict) => {
    expect(equalSecret(a, b)).toBe(verdict)
  })

  it('says the same as ===', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\u0100'), maxLength: 6 })
    fc.assert(fc.property(text, text, (a, b) => equalSecret(a, b) === (a === b)))
  })
})
