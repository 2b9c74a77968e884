// Which users are on a page of a list?
import { toKey } from './identifier.ts'
import type { UserPlace } from './place.ts'
import type { UserRecord } from './user.ts'

/** Left `null`: whatever it is. */
export interface UserFilter {
  readonly role: string | null
  readonly disabled: boolean | null
  /** Whether the address is known to be theirs. */
  readonly verified: boolean | null
}

export interface UserQuery extends UserFilter {
  /** The beginning of an e-mail address or user name, as `toKey` writes it. */
  readonly search: string | null
  /** By id, which is by age. What a search finds comes by address, then by user name. */
  readonly order: 'newest' | 'oldest'
  readonly after: UserPlace | null
  readonly limit: number
}

export interface UserPage {
  readonly users: readonly UserRecord[]
  /** From where to go on; `null` at the end. */
  readonly next: UserPlace | null
}

/** One index, walked in its order: at most `count` rows after `after`. */
export interface UserIndex {
  readonly by: UserPlace['by']
  read(after: string | null, count: number): readonly UserRecord[]
}

/**
 * Rows that are looked at for one page. No filter has an index of every combination, so a page ends here where few of many fit:
 * it may hold fewer than asked for, even none, and still have a next one.
 */
export const MOST_LOOKED_AT = 1000

/** What has to be read next: at most `count` rows of an index, in its order, after `after`. */
export interface PageRead {
  readonly by: UserPlace['by']
  readonly after: string | null
  readonly count: number
}

/** Takes a page from indexes that are walked one after the other. Yields each read, and is given its rows. */
export function* walkPage(
  query: UserQuery,
  indexes: readonly UserPlace['by'][],
): Generator<PageRead, UserPage, readonly UserRecord[]> {
  const users: UserRecord[] = []
  let place = query.after
  let looked = 0
  const first = indexes.findIndex((by) => by === (place?.by ?? by))
  for (const by of first < 0 ? [] : indexes.slice(first)) {
    for (let more = true; more; ) {
      const after: string | null = place?.by === by ? place.key : null
      const rows = yield { by, after, count: query.limit + 1 }
      more = rows.length > query.limit
      for (const user of rows) {
        if (users.length === query.limit || looked === MOST_LOOKED_AT) return { users, next: place }
        looked++
        place = { by, key: keyOf(user, by) }
        if (fits(user, query) && !wasFound(user, query, by)) users.push(user)
      }
    }
  }
  return { users, next: null }
}

/** The same where nobody has to be waited for. */
export function takePage(query: UserQuery, indexes: readonly UserIndex[]): UserPage {
  const walk = walkPage(
    query,
    indexes.map(({ by }) => by),
  )
  let step = walk.next()
  while (!step.done) {
    const { by, after, count } = step.value
    step = walk.next(indexes.find((index) => index.by === by)?.read(after, count) ?? [])
  }
  return step.value
}

function keyOf({ id, email, username }: UserRecord, by: UserPlace['by']): string {
  return by === 'id' ? id : toKey(by === 'email' ? email : (username ?? ''))
}

function fits({ roles, disabledAt, emailVerifiedAt }: UserRecord, filter: UserFilter): boolean {
  const { role, disabled, verified } = filter
  return (
    (role === null || roles.includes(role)) &&
    (disabled === null || disabled === (disabledAt !== null)) &&
    (verified === null || verified === (emailVerifiedAt !== null))
  )
}

/** Whose address fits has been found by it already. */
function wasFound({ email }: UserRecord, { search }: UserQuery, by: UserPlace['by']): boolean {
  return by === 'username' && search !== null && toKey(email).startsWith(search)
}
