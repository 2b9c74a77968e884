// May a user be called so, whoever writes it: the user, an administrator, a file?
import type { FieldError } from '../../errors.ts'
import { isEmail, isUsername } from './identifier.ts'
import { judgeRoles } from './role.ts'

/** UTF-16 units. */
export const LONGEST_NAME = 100

/** No control character: a name ends up in mails, logs and headers. */
/** Nor what turns text round or shows nothing at all, but for the joiners that some scripts and emoji are written with. */
const PRINTABLE = /^(?:[^\p{Cc}\p{Cf}\u2028\u2029]|[\u200C\u200D](?=[^\p{Cc}\p{Cf}\s]))*$/u

/** What is said of each rule that is broken. */
export const EXPLAINED: Readonly<Record<'email' | 'username' | 'name' | 'nameLength' | 'nameEmpty', string>> =
  {
    email: 'Write an e-mail address such as ada@example.com.',
    username: 'Use 3 to 64 letters, digits, dots, hyphens or underscores, beginning with a letter or digit.',
    name: 'A name cannot hold control characters.',
    nameLength: `Use at most ${LONGEST_NAME} characters.`,
    nameEmpty: 'Write a name, or leave it out.',
  }

export function isPrintable(text: string): boolean {
  return text.isWellFormed() && PRINTABLE.test(text)
}

export interface UserFields {
  readonly email: string
  readonly username: string | null
  /** Without space around it. */
  readonly name: string | null
  readonly roles: readonly string[]
}

/** What is wrong, field by field; nothing where all may be kept. */
export function judgeUserFields({ email, username, name, roles }: UserFields): readonly FieldError[] {
  const errors: FieldError[] = []
  const refuse = (field: string, message: string) => errors.push({ field, code: 'invalid', message })
  if (!isEmail(email)) refuse('email', EXPLAINED.email)
  if (username !== null && !isUsername(username)) refuse('username', EXPLAINED.username)
  if (name === '') refuse('name', EXPLAINED.nameEmpty)
  else if (name !== null && name.length > LONGEST_NAME) refuse('name', EXPLAINED.nameLength)
  else if (name !== null && !isPrintable(name)) refuse('name', EXPLAINED.name)
  return [...errors, ...judgeRoles(roles)]
}
