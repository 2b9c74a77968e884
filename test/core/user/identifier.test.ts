// Which texts name a user, and which two texts name the same one?
import { describe, expect, it } from 'vitest'
import { isEmail, isUsername, toIdentifier, toKey } from '../../../src/core/user/identifier.ts'
import { naughtyStrings } from '../../support/vectors.ts'

const label = (length: number): string => 'a'.repeat(length)

describe('isEmail', () => {
  it.each([
    'ada@example.com',
    'Ada.Lovelace@Example.COM',
    'ada+tag@example.com',
    "o'brien@example.com",
    'a@b.co',
    '1@1.example',
    `${label(64)}@example.com`,
    `a@${label(63)}.example`,
    'a@xn--bcher-kva.example',
    `a@${label(61)}.${label(63)}.${label(63)}.${label(61)}`,
  ])('takes %s', (text) => {
    expect(isEmail(text)).toBe(true)
  })

  it.each([
    '',
    '@',
    'ada',
    'ada@',
    '@example.com',
    'ada@example',
    'ada@localhost',
    'ada@@example.com',
    'ada@example@com',
    '.ada@example.com',
    'ada.@example.com',
    'ada..b@example.com',
    'ada@.example.com',
    'ada@example.com.',
    'ada@example..com',
    'ada@-example.com',
    'ada@example-.com',
    'ada@exa_mple.com',
    'ada@[192.0.2.1]',
    '"ada"@example.com',
    'ada lovelace@example.com',
    'ada@example.com ',
    ' ada@example.com',
    'ada@example.com\n',
    'ada\n@example.com',
    'ada@example.com\0',
    'Ada <ada@example.com>',
    'ada@example.com,eve@evil.example',
    'ada＠example.com',
    'ada@exаmple.com',
    'аda@example.com',
    'ada@bücher.example',
    'ıda@example.com',
    `${label(65)}@example.com`,
    `a@${label(64)}.example`,
    `a@${`${label(60)}.`.repeat(5)}com`,
    `a@${'a.'.repeat(100_000)}com`,
  ])('refuses %j', (text) => {
    expect(isEmail(text)).toBe(false)
  })

  it('answers at once for texts made to be slow', () => {
    for (const text of [
      `${'a.'.repeat(30)}@${'a-'.repeat(100)}`,
      `a@${'a'.repeat(250)}!`,
      `${'!'.repeat(254)}`,
    ]) {
      expect(isEmail(text)).toBe(false)
    }
  })
})

describe('isUsername', () => {
  it.each<[text: string, verdict: boolean]>([
    ['ada', true],
    ['Ada_Lovelace-1.x', true],
    ['1ada', true],
    [label(64), true],
    [label(65), false],
    ['ab', false],
    ['', false],
    ['_ada', false],
    ['.ada', false],
    ['ada.', false],
    ['ada-', false],
    ['ada_', true],
    ['ada@example.com', false],
    ['ada lovelace', false],
    ['аda', false],
    ['adä', false],
    ['ada\n', false],
    ['<b>ada</b>', false],
  ])('of %j is %s', (text, verdict) => {
    expect(isUsername(text)).toBe(verdict)
  })

  it('never takes what isEmail takes', () => {
    for (const text of [...naughtyStrings(), 'a@b.co']) expect(isEmail(text) && isUsername(text)).toBe(false)
  })
})

describe('a user is found', () => {
  it('under one key, whatever the case', () => {
    expect(toKey('Ada.Lovelace@Example.COM')).toBe('ada.lovelace@example.com')
  })

  it.each<[text: string, identifier: ReturnType<typeof toIdentifier>]>([
    ['ada@example.com', { email: 'ada@example.com' }],
    ['ada', { username: 'ada' }],
    ['@', { email: '@' }],
    ['', { username: '' }],
  ])('by what the field holds: %j', (text, identifier) => {
    expect(toIdentifier(text)).toEqual(identifier)
  })
})
