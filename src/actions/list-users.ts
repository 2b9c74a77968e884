// Which users are there?
import { isUuid } from '../core/encoding/uuid.ts'
import { toKey } from '../core/user/identifier.ts'
import type { UserFilter, UserQuery } from '../core/user/page.ts'
import type { UserPlace } from '../core/user/place.ts'
import { formatPlace, parsePlace } from '../core/user/place.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import type { Runtime } from './runtime.ts'

/** Users of one page. */
export const LARGEST_PAGE = 100
const PAGE = 50

/** Left out: whatever it is. */
export interface UserList {
  /** The beginning of an e-mail address or user name, in any case; or a whole id. There is no search within a word. */
  readonly search?: string | undefined
  readonly role?: string | undefined
  readonly disabled?: boolean | undefined
  readonly emailVerified?: boolean | undefined
  /** By when the account was made. What a search finds comes by address, then by user name. Default: `newest`. */
  readonly order?: 'newest' | 'oldest' | undefined
  /** The `next` of the page before. */
  readonly after?: string | undefined
  /** 1 to 100; default 50. */
  readonly limit?: number | undefined
}

export interface ListedUsers {
  readonly users: readonly UserRecord[]
  readonly next: string | null
}

/**
 * One page, at the same cost however many users there are: a page of which few fit the filters may hold fewer than `limit`, even
 * none, and still have a `next`.
 *
 * @throws {AuthError} `validation_failed`.
 */
export async function listUsers({ store }: Runtime, list: UserList): Promise<ListedUsers> {
  const query = toQuery(list)
  if (query.search !== null && isUuid(query.search)) {
    const user = await store.users.find(query.search)
    return { users: user ? [user] : [], next: null }
  }
  const { users, next } = await store.users.list(query)
  return { users, next: next && formatPlace(next) }
}

function toQuery({ search = '', order = 'newest', after, limit = PAGE, ...filter }: UserList): UserQuery {
  if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_PAGE)
    throw invalid('limit', `A page has 1 to ${LARGEST_PAGE} users.`)
  return {
    ...toFilter(filter),
    search: search === '' ? null : toKey(search),
    order,
    limit,
    after: after === undefined ? null : toPlace(after, search !== ''),
  }
}

function toFilter({ role, disabled, emailVerified }: UserList): UserFilter {
  return { role: role ?? null, disabled: disabled ?? null, verified: emailVerified ?? null }
}

function toPlace(after: string, searches: boolean): UserPlace {
  const place = parsePlace(after)
  if (place && searches === (place.by !== 'id')) return place
  throw invalid('after', 'Send `next` of the page before, with the same search.')
}

function invalid(field: string, message: string): AuthError {
  return new AuthError('validation_failed', { errors: [{ field, code: 'invalid', message }] })
}
