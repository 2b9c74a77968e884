// May this password be used? NIST SP 800-63B-4 section 3.1.1.2, OWASP ASVS 5.0 section 6.2.
import { COMMON_PASSWORDS } from './common-passwords.ts'

/** Lengths in code points. */
export interface PasswordPolicy {
  readonly minLength: number
  readonly maxLength: number
  /** Refuse the passwords that guessers try first. */
  readonly blocklist: boolean
}

export type PasswordProblem = 'too_short' | 'too_long' | 'malformed' | 'too_common' | 'too_similar'

/** A value that the user chose and that a guesser knows: e-mail address, user name, name. */
export type PersonalValue = string | null | undefined

/** No composition rules and no normalisation: a password is verified exactly as received (ASVS 6.2.5, 6.2.8). */
export function judgePassword(
  password: string,
  policy: PasswordPolicy,
  personal: readonly PersonalValue[],
): PasswordProblem | null {
  if (!password.isWellFormed()) return 'malformed'
  const length = [...password].length
  if (length < policy.minLength) return 'too_short'
  if (length > policy.maxLength) return 'too_long'
  const folded = fold(password)
  if (policy.blocklist && (isCommon(folded) || isRun(folded))) return 'too_common'
  return personal.some((value) => isSimilar(folded, value)) ? 'too_similar' : null
}

export function explainPassword(problem: PasswordProblem, policy: PasswordPolicy): string {
  switch (problem) {
    case 'too_short':
      return `Use at least ${policy.minLength} characters; a few unrelated words are easy to remember.`
    case 'too_long':
      return `Use at most ${policy.maxLength} characters.`
    case 'malformed':
      return 'The text is not well-formed Unicode.'
    case 'too_common':
      return 'This is one of the passwords that are guessed first.'
    case 'too_similar':
      return 'This is too much like your e-mail address, your name or the name of this site.'
  }
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase()

/** The whole password is compared, not parts of it (NIST). The list is one text, so it costs nothing until asked. */
function isCommon(folded: string): boolean {
  return !folded.includes(' ') && COMMON_PASSWORDS.includes(` ${folded} `)
}

/** One character again and again, or one after the other: `aaaaaaaa`, `abcdefgh`, `87654321`. */
function isRun(folded: string): boolean {
  const points = Array.from(folded, (character) => character.codePointAt(0) ?? 0)
  const step = (points[1] ?? 0) - (points[0] ?? 0)
  return (
    Math.abs(step) <= 1 &&
    points.every((point, index) => index === 0 || point - (points[index - 1] ?? 0) === step)
  )
}

/** Shorter parts of an address or a name are too likely to occur in a good password by chance. */
const SHORTEST_PART = 4

/** The password is the value, a part of it, or one of them with a few characters around it. */
function isSimilar(folded: string, value: PersonalValue): boolean {
  if (!value) return false
  const whole = fold(value)
  const parts = [whole, ...whole.split('@'), ...whole.split(/[^\p{L}\p{N}]+/u)].filter(
    (part) => part.length >= SHORTEST_PART,
  )
  return parts.some((part) => folded.includes(part) && folded.length - part.length < SHORTEST_PART)
}
