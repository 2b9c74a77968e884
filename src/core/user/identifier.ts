// By what is a user found, and when are two spellings the same person?

/**
 * ASCII only, and never normalised: an address that is checked before normalisation can become another one after it
 * (a full-width `＠`), and one mail system's fold is another's different person.
 */
const EMAIL =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$/
export const LONGEST_EMAIL = 254

/** Begins with a letter or digit; has no `@`, so that it can never be taken for an address. */
const USERNAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{1,62}[A-Za-z0-9_]$/

export function isEmail(text: string): boolean {
  if (text.length > LONGEST_EMAIL || !EMAIL.test(text)) return false
  const local = text.slice(0, text.lastIndexOf('@'))
  return !local.startsWith('.') && !local.endsWith('.') && !local.includes('..')
}

export function isUsername(text: string): boolean {
  return USERNAME.test(text)
}

/** The form under which an address or user name is unique. Both are ASCII, so the fold has no surprises. */
export function toKey(text: string): string {
  return text.toLowerCase()
}

/** What the sign-in form's field holds. */
export type Identifier = { readonly email: string } | { readonly username: string }

export function toIdentifier(text: string): Identifier {
  return text.includes('@') ? { email: text } : { username: text }
}
