// Which passwords are refused, and is the user told why?
import { describe, expect, it } from 'vitest'
import { COMMON_PASSWORDS } from '../../../src/core/password/common-passwords.ts'
import type { PasswordPolicy, PasswordProblem } from '../../../src/core/password/policy.ts'
import { explainPassword, judgePassword } from '../../../src/core/password/policy.ts'
import { naughtyStrings } from '../../support/vectors.ts'

const policy: PasswordPolicy = { minLength: 8, maxLength: 256, blocklist: true }
const judge = (
  password: string,
  personal: readonly (string | null | undefined)[] = [],
): PasswordProblem | null => judgePassword(password, policy, personal)

describe('a password', () => {
  it.each<[password: string, problem: PasswordProblem | null]>([
    ['', 'too_short'],
    ['1234567', 'too_short'],
    ['kx7!vQ2', 'too_short'],
    ['kx7!vQ2z', null],
    ['correct horse battery staple', null],
    ['        ', 'too_common'],
    ['aaaaaaaa', 'too_common'],
    ['ABCDEFGH', 'too_common'],
    ['zyxwvuts', 'too_common'],
    ['abcdefgi', null],
    ['  kx7vQ2', null],
    ['пароль от замка', null],
    ['😀😁😂🤣😃😄😅😆', null],
    ['😀😁😂🤣😃😄😅', 'too_short'],
    ['kx7\0vQ2zz', null],
    ['\ud800kx7vQ2zz', 'malformed'],
    ['kx7vQ2zz\udc00', 'malformed'],
    ['password', 'too_common'],
    ['PassWord', 'too_common'],
    ['12345678', 'too_common'],
    ['qwertyuiop', 'too_common'],
    ['ｐａｓｓｗｏｒｄ', 'too_common'],
    ['password kx7', null],
  ])('%j is judged %j', (password, problem) => {
    expect(judge(password)).toBe(problem)
  })

  it('may have 256 characters and not 257, counted in code points', () => {
    expect(judge('kx7!vQ2z'.repeat(32))).toBeNull()
    expect(judge(`${'kx7!vQ2z'.repeat(32)}a`)).toBe('too_long')
    expect(judge('😀🔑'.repeat(128))).toBeNull()
    expect(judge(`${'😀🔑'.repeat(128)}a`)).toBe('too_long')
  })

  it('is compared with the whole list, from its first entry to its last', () => {
    const words = COMMON_PASSWORDS.trim().split(' ')
    expect(words.length).toBe(17_950)
    for (const word of [words[0], words.at(-1), words[9000]]) expect(judge(word ?? '')).toBe('too_common')
    expect(judge(`${words[0]} ${words[1]}`)).not.toBe('too_common')
  })

  it('may be common where the blocklist is off', () => {
    expect(judgePassword('password', { ...policy, blocklist: false }, [])).toBeNull()
  })

  it.each<[password: string, personal: readonly (string | null | undefined)[], similar: boolean]>([
    ['ada@example.com', ['ada@example.com'], true],
    ['ADA@Example.com', ['ada@example.com'], true],
    ['ada.lovelace', ['ada.lovelace@example.com'], true],
    ['ada.lovelace1', ['ada.lovelace@example.com'], true],
    ['lovelace1', ['ada.lovelace@example.com'], true],
    ['lovelace!23', ['ada.lovelace@example.com'], true],
    ['Lovelace!', [null, undefined, 'Ada Lovelace'], true],
    ['xyzlovelace', ['Ada Lovelace'], true],
    ['lovelace and the engine', ['Ada Lovelace'], false],
    ['canadarm', ['ada'], false],
    ['kx7!vQ2z', ['ada@example.com', 'ada', 'Ada Lovelace'], false],
    ['kx7!vQ2z', ['', null, undefined], false],
    ['李小龙功夫之王李', ['李小龙功夫之王'], true],
  ])('%j of a user known as %j is too similar: %s', (password, personal, similar) => {
    expect(judge(password, personal) === 'too_similar').toBe(similar)
  })

  it('is never the reason for an exception, nor is a name', () => {
    for (const text of naughtyStrings()) {
      expect(() => judge(text, [text])).not.toThrow()
      expect(() => judge('kx7!vQ2z', [text])).not.toThrow()
    }
  })

  it.each<PasswordProblem>(['too_short', 'too_long', 'malformed', 'too_common', 'too_similar'])(
    'that is %s is refused with a sentence',
    (problem) => {
      expect(explainPassword(problem, policy)).toMatch(/^[A-Z].*\.$/)
    },
  )

  it('that is too short or too long is refused with the bound', () => {
    expect(explainPassword('too_short', policy)).toContain('8')
    expect(explainPassword('too_long', policy)).toContain('256')
  })
})
