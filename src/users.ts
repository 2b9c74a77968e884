// What may the application itself do with accounts?

import type { UserCreation } from './actions/create-user.ts'
import { createUser } from './actions/create-user.ts'
import { startPasswordReset } from './actions/forgot-password.ts'
import type { ImportOptions, ImportResult, ImportRow, ImportSummary } from './actions/import-users.ts'
import { importUsers } from './actions/import-users.ts'
import type { UserList } from './actions/list-users.ts'
import { listUsers } from './actions/list-users.ts'
import type { Runtime } from './actions/runtime.ts'
import { endSession, listSessions } from './actions/sessions.ts'
import type { Doer } from './actions/users.ts'
import { disableUser, enableUser, endSessions, findUser, getUser, setRoles } from './actions/users.ts'
import { toListedSession, toManagedUser } from './http/views.ts'
import type { ListedSession, ManagedUser, UserPage } from './protocol.ts'

export type { ImportOptions, ImportResult, ImportRow, ImportSummary, UserCreation, UserList }

/**
 * Acts on accounts, for the application's own code. Each reaches open sessions in every process; each throws
 * `AuthError('not_found')` for an unknown user, and `AuthError('conflict')` where the last superuser would be disabled or lose
 * the role.
 *
 * @example
 * ```ts
 * import { createAuth } from 'lockjar'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * export const promote = (id: string) => auth.users.setRoles(id, ['editor'])
 * ```
 */
export interface Users {
  get(id: string): Promise<ManagedUser>
  /** By the whole address or user name, in any case; `null` where nobody has it. */
  find(by: { readonly email: string } | { readonly username: string }): Promise<ManagedUser | null>
  /**
   * A page of users, at the same cost however many there are. Go on with `after: next` until `next` is `null`: where filters leave
   * few, a page may hold fewer than `limit`, even none, before the end.
   *
   * @throws {AuthError} `validation_failed` for a limit beyond 100, or an `after` from another search.
   *
   * @example
   * ```ts
   * import { createAuth } from 'lockjar'
   *
   * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
   * for (let after: string | undefined; ; ) {
   *   const { users, next } = await auth.users.list({ role: 'editor', ...(after && { after }) })
   *   for (const { id, email } of users) console.log(id, email)
   *   if (next === null) break
   *   after = next
   * }
   * ```
   */
  list(list?: UserList): Promise<UserPage>
  /**
   * Makes an account, whatever `registration` says, and signs nobody in. Without `password` and `passwordHash` the user has no
   * password until they choose one through a reset mail.
   *
   * @throws {AuthError} `validation_failed`, `conflict` for an address or user name that is taken.
   */
  create(user: UserCreation): Promise<ManagedUser>
  /**
   * Makes accounts for those of another system who have none yet, by the rules of a registration, with their password hashes. Whoever
   * is there stays as they are. Each row has the columns of an import file.
   *
   * @example
   * ```ts
   * import { createAuth } from 'lockjar'
   *
   * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
   * const rows = [{ line: 1, fields: { email: 'ada@example.com', password_hash: '!', roles: ['editor'] } }]
   * console.log(await auth.users.import(rows)) // { created: 1, exists: 0, refused: 0 }
   * ```
   */
  import(
    rows: AsyncIterable<ImportRow> | Iterable<ImportRow>,
    options?: ImportOptions,
  ): Promise<ImportSummary>
  /** At most 32, each 1 to 64 letters, digits, `.`, `_`, `:` or `-`. Open sessions have them at their next request. */
  setRoles(id: string, roles: readonly string[]): Promise<ManagedUser>
  /** Signs the user out everywhere, and refuses their sign-in until `enable`. */
  disable(id: string): Promise<ManagedUser>
  enable(id: string): Promise<ManagedUser>
  /** Live sessions, the one seen last first. */
  sessions(id: string): Promise<readonly ListedSession[]>
  /** Ends one session of the user; `not_found` where there is no such live session of theirs. */
  endSession(id: string, sessionId: string): Promise<void>
  /** Signs the user out everywhere. */
  endSessions(id: string): Promise<void>
  /**
   * Mails the user a link to choose a new password; until it is used, nothing changes.
   *
   * @throws {AuthError} `forbidden` for an account that is disabled, `unavailable` where no mail can be sent.
   */
  startPasswordReset(id: string): Promise<void>
}

export function createUsers(runtime: Runtime, by: Doer): Users {
  return {
    get: async (id) => toManagedUser(await getUser(runtime, id)),
    async find(whom) {
      const user = await findUser(runtime, whom)
      return user && toManagedUser(user)
    },
    async list(list = {}) {
      const { users, next } = await listUsers(runtime, list)
      return { users: users.map(toManagedUser), next }
    },
    create: async (user) => toManagedUser(await createUser(runtime, user, by)),
    import: (rows, options = {}) => importUsers(runtime, rows, options, by),
    setRoles: async (id, roles) => toManagedUser(await setRoles(runtime, id, roles, by)),
    disable: async (id) => toManagedUser(await disableUser(runtime, id, by)),
    enable: async (id) => toManagedUser(await enableUser(runtime, id, by)),
    async sessions(id) {
      await getUser(runtime, id)
      return (await listSessions(runtime, id)).map((session) => toListedSession(session, false))
    },
    endSession: (id, sessionId) => endSession(runtime, sessionId, by, id),
    endSessions: (id) => endSessions(runtime, id, by),
    startPasswordReset: (id) => startPasswordReset(runtime, id, by),
  }
}
