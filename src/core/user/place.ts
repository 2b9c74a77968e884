// Where did a page of users end, and how is that told to whoever asks for the next one?
import { decodeBase64url, encodeBase64url } from '../encoding/base64url.ts'

/** The key of the last row that was looked at, in the index that was walked. */
export interface UserPlace {
  readonly by: 'id' | 'email' | 'username'
  readonly key: string
}

const LONGEST_PLACE = 400
const LETTERS: Readonly<Record<UserPlace['by'], string>> = { id: 'i', email: 'e', username: 'u' }

/** Encoded so that nobody builds one, not so that nobody reads it: there is nothing in it that the page did not show. */
export function formatPlace({ by, key }: UserPlace): string {
  return `${LETTERS[by]}.${encodeBase64url(new TextEncoder().encode(key))}`
}

/** `null` for what `formatPlace` did not write. */
export function parsePlace(text: string): UserPlace | null {
  if (text.length > LONGEST_PLACE) return null
  const [, letter, rest = ''] = /^([ieu])\.(.+)$/.exec(text) ?? []
  const by = (['id', 'email', 'username'] as const).find((name) => LETTERS[name] === letter)
  const bytes = decodeBase64url(rest)
  if (!by || !bytes) return null
  const place = { by, key: new TextDecoder().decode(bytes) }
  return formatPlace(place) === text ? place : null
}
