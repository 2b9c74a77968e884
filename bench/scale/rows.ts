// Which rows does an installation of many users have? Number n has the same ones in every database, so a measurement can ask for them.

const DAY = 86_400_000
/** Of the user agents and addresses that servers see, about as long as they are. */
const USER_AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
const HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRvZjE2Ynl0ZXM$ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ'

/** Ids in the order of time, as UUIDv7 are: 12 hexadecimal digits of time, the number at the end. */
export const userId = (n: number): string => toId('0190', n)
export const sessionId = (n: number): string => toId('0198', n)
/** Of sessions that begin after all of these. */
export const newSessionId = (n: number): string => toId('01a0', n)
export const emailOf = (n: number): string => `user${n}@example.com`
/** What the row of a session says that nobody could show. */
export const nonceHash = (n: number): string => `nonce${String(n).padStart(38, '0')}`

function toId(head: string, n: number): string {
  const hex = n.toString(16).padStart(8, '0')
  return `${head}${hex.slice(0, 4)}-${hex.slice(4)}-7000-8000-${hex.padStart(12, '0')}`
}

export interface Dialect {
  /** Numbers from `first` to `last` as rows of one column, n. */
  series(first: number, last: number): string
  /** A number of eight hexadecimal digits. */
  hex(n: string): string
  /** `text` filled up with zeros on the left to so many characters. */
  pad(text: string, length: number): string
}

/** Statements that insert users and their sessions, one each, with numbers from `first` to `last`. */
export function insertRows(dialect: Dialect, first: number, last: number, now: number): readonly string[] {
  const numbers = dialect.series(first, last)
  const hex = dialect.hex('n')
  const id = (head: string): string =>
    `'${head}' || substr(${hex}, 1, 4) || '-' || substr(${hex}, 5) || '-7000-8000-0000' || ${hex}`
  return [
    `insert into lockjar_users (id, email, email_key, username, username_key, name, password_hash, roles, revision, created_at)
     select ${id('0190')}, 'user' || n || '@example.com', 'user' || n || '@example.com', 'user' || n, 'user' || n,
       'User Number ' || n, '${HASH}', case when n % 10000 = 0 then '["editor"]' else '[]' end, 0, ${now - 90 * DAY} + n
     from ${numbers}`,
    `insert into lockjar_sessions (id, nonce_hash, user_id, generation, predecessor, confirmed_generation, rotated_at,
       created_at, last_seen_at, idle_expires_at, expires_at, remember, carriage, amr, auth_time, ip, user_agent)
     select ${id('0198')}, 'nonce' || ${dialect.pad('n', 38)}, ${id('0190')}, 7, 6, 7, ${now - DAY}, ${now - 30 * DAY},
       ${now - DAY}, ${now + 13 * DAY}, ${now + 60 * DAY}, 1, 'cookie', '["pwd"]', ${now - 30 * DAY}, '192.0.2.1', '${USER_AGENT}'
     from ${numbers}`,
  ]
}
