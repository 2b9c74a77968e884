// How are one-time tokens kept in memory?
import {
  registered,
  withNewEmail,
  withNewPassword,
  withProfile,
  withProvedEmail,
} from '../../core/one-time-token/redeem.ts'
import type {
  OneTimeTokenRecord,
  PendingRegistration,
  TokenPurpose,
} from '../../core/one-time-token/token.ts'
import { fitsUser } from '../../core/one-time-token/token.ts'
import { toKey } from '../../core/user/identifier.ts'
import type { UserRecord } from '../../core/user/user.ts'
import type { Clock } from '../../ports/clock.ts'
import type { OneTimeTokenStore } from '../../ports/one-time-token-store.ts'
import type { UserTable } from './user-table.ts'
import { subjectOf } from './user-table.ts'

/** Every method runs without giving way, which makes it atomic. */
export function createOneTimeTokenStore(clock: Clock, table: UserTable): OneTimeTokenStore {
  const { users, keys, claims, tokens } = table
  const userAt = (id: string | undefined): UserRecord | null => users.get(id ?? '') ?? null
  const ownerOf = ({ userId, emailKey }: OneTimeTokenRecord): UserRecord | null =>
    userAt(userId ?? keys.email.get(emailKey))

  const live = (tokenHash: string): OneTimeTokenRecord | null => {
    const token = tokens.get(tokenHash)
    return token && token.expiresAt > clock.now() ? token : null
  }
  const take = (tokenHash: string, purpose: TokenPurpose) => {
    const token = live(tokenHash)
    if (token?.purpose !== purpose) return null
    tokens.delete(tokenHash)
    const user = ownerOf(token)
    return fitsUser(token, user) ? { ...token, user, isClaim: claims.has(user?.id ?? '') } : null
  }
  const write = (user: UserRecord): UserRecord => {
    claims.delete(user.id)
    return table.put(user)
  }
  const put = (user: UserRecord): UserRecord => {
    table.endTokens(user.id)
    return write(user)
  }
  const freeProfile = ({ name, username }: PendingRegistration, id: string) => {
    const holder = username === null ? id : (keys.username.get(toKey(username)) ?? id)
    return { name, username: holder === id ? username : null }
  }

  return {
    async issue({ lifetime, most, ...token }) {
      const rivals = [...tokens.values()].filter(
        (each) => subjectOf(each) === subjectOf(token) && each.purpose === token.purpose,
      )
      // In the order of their coming, as a map keeps them.
      for (const { tokenHash } of rivals.slice(0, Math.max(0, rivals.length - most + 1)))
        tokens.delete(tokenHash)
      const now = clock.now()
      tokens.set(token.tokenHash, { ...token, createdAt: now, expiresAt: now + lifetime })
    },
    async find(tokenHash) {
      const token = live(tokenHash)
      const user = token && ownerOf(token)
      return token && fitsUser(token, user) ? { token, user } : null
    },
    async completeRegistration(tokenHash, { id, passwordHash }) {
      const taken = take(tokenHash, 'register')
      if (!taken?.pending) return null
      const { pending, user, isClaim, emailKey } = taken
      const hash = passwordHash ?? pending.passwordHash
      const now = clock.now()
      const base = user ? withNewPassword(user, hash, isClaim, now) : registered(id, pending.email, hash, now)
      table.endTokens(emailKey)
      return put(passwordHash === null ? withProfile(base, freeProfile(pending, base.id)) : base)
    },
    async verifyEmail(tokenHash, passwordHash) {
      const taken = take(tokenHash, 'verify-email')
      if (!taken?.user) return null
      const { user, isClaim } = taken
      const now = clock.now()
      if (passwordHash === null) return write(withProvedEmail(user, now))
      return put(withNewPassword(user, passwordHash, isClaim, now))
    },
    async resetPassword(tokenHash, passwordHash) {
      const taken = take(tokenHash, 'reset-password')
      if (!taken?.user) return null
      return put(withNewPassword(taken.user, passwordHash, taken.isClaim, clock.now()))
    },
    async changeEmail(tokenHash) {
      const taken = take(tokenHash, 'change-email')
      if (!taken?.user || taken.newEmail === null) return null
      const holder = keys.email.get(toKey(taken.newEmail)) ?? taken.user.id
      if (holder !== taken.user.id) return { ok: false, taken: 'email' }
      return { ok: true, user: put(withNewEmail(taken.user, taken.newEmail, clock.now())) }
    },
    async prune(limit) {
      const now = clock.now()
      const expired = [...tokens.values()].filter(({ expiresAt }) => expiresAt <= now)
      for (const { tokenHash } of expired.slice(0, limit)) tokens.delete(tokenHash)
      return Math.min(expired.length, limit)
    },
  }
}
