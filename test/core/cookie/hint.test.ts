// Is the hint cookie read only as it was written?
import { describe, expect, it } from 'vitest'
import { formatHint, parseHint } from '../../../src/core/cookie/hint.ts'

const ID = '019b76da-a800-7000-8000-000000000001'

describe('the hint', () => {
  it('comes back as it was written', () => {
    const hint = { sessionId: ID, accessExpiresAt: 1_767_225_600, idleExpiresAt: 1_768_435_200 }
    expect(formatHint(hint)).toBe(`${ID}.1767225600.1768435200`)
    expect(parseHint(formatHint(hint))).toEqual(hint)
  })

  it.each([
    '',
    '.',
    ID,
    `${ID}.1`,
    `${ID}.1.2.3`,
    `${ID}.1.-2`,
    `${ID}.1.2e3`,
    `${ID}.1.1234567890123`,
    'x.1.2',
    `${ID.toUpperCase()}.1.2`,
    `${ID}.1.`,
    `${ID}. 1.2`,
  ])('is nothing when it reads %j', (text) => {
    expect(parseHint(text)).toBeNull()
  })
})
