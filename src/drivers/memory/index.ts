// What must a store do? The shortest one that is right: for tests, and for reading. Nothing outlives the process.
import type { Floor } from '../../core/revocation/floors.ts'
import { generationFloor, globalFloors, sessionFloors, userFloors } from '../../core/revocation/floors.ts'
import type { RevokedReason, SessionRecord } from '../../core/session/session.ts'
import { createSession, proveSession, sessionEnd } from '../../core/session/session.ts'
import type { UserIndex } from '../../core/user/page.ts'
import { takePage } from '../../core/user/page.ts'
import type { UserRecord } from '../../core/user/user.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RevocationLog } from '../../ports/revocation-log.ts'
import type { Revocation, SessionStore } from '../../ports/session-store.ts'
import type { Store } from '../../ports/store.ts'
import type { KeepOne, NewUser, UserStore, UserWrite } from '../../ports/user-store.ts'
import { createAuditLog } from './audit-log.ts'
import { createKnownNetworks } from './known-networks.ts'
import { createOneTimeTokenStore } from './one-time-token-store.ts'
import { createOutbox } from './outbox.ts'
import { createRateLimiter } from './rate-limiter.ts'
import { createSessionDataStore } from './session-data-store.ts'
import type { UserTable } from './user-table.ts'
import { createUserTable } from './user-table.ts'

const DAY = 86_400_000

/** Every method runs without giving way, which makes it atomic. */
export function openMemory(clock: Clock): Store {
  const log: Floor[] = []
  const sessions = new Map<string, SessionRecord>()
  const table = createUserTable()
  return {
    audit: createAuditLog(),
    users: createUserStore(clock, log, table),
    oneTimeTokens: createOneTimeTokenStore(clock, table),
    sessions: createSessionStore(clock, log, sessions),
    sessionData: createSessionDataStore(clock, sessions),
    revocations: createRevocationLog(clock, log),
    outbox: createOutbox(clock),
    limits: createRateLimiter(clock),
    knownNetworks: createKnownNetworks(clock),
    async close() {},
  }
}

function createUserStore(clock: Clock, log: Floor[], table: UserTable): UserStore {
  const { users, keys } = table
  const at = (id: string | undefined): UserRecord | null =>
    id === undefined ? null : (users.get(id) ?? null)
  const update = (id: string, change: Partial<UserRecord>): UserRecord | null => {
    const user = users.get(id)
    if (!user) return null
    const changed = { ...user, ...change }
    users.set(id, changed)
    return changed
  }

  const isLast = ({ id, roles, disabledAt }: UserRecord, unless: KeepOne | undefined): boolean =>
    unless !== undefined &&
    disabledAt === null &&
    roles.includes(unless.keepOne) &&
    ![...users.values()].some(
      (other) =>
        other.id !== id &&
        other.disabledAt === null &&
        other.passwordHash !== null &&
        other.roles.includes(unless.keepOne),
    )
  /** All there are in the order of a key, which lies in the map that knows its owner. */
  const index = (
    by: UserIndex['by'],
    keyed: ReadonlyMap<string, string>,
    search: string,
    down: boolean,
  ): UserIndex => ({
    by,
    read(after, count) {
      const found = [...keyed.keys()].filter((key) => key.startsWith(search)).sort()
      if (down) found.reverse()
      const rest = found.filter((key) => after === null || (down ? key < after : key > after))
      return rest.slice(0, count).flatMap((key) => at(keyed.get(key)) ?? [])
    },
  })

  const create = ({
    emailKey,
    usernameKey,
    emailVerified,
    disabled,
    createdAt,
    selfRegistered,
    ...user
  }: NewUser): UserWrite => {
    if (keys.email.has(emailKey)) return { ok: false, taken: 'email' }
    if (usernameKey !== null && keys.username.has(usernameKey)) return { ok: false, taken: 'username' }
    keys.email.set(emailKey, user.id)
    if (usernameKey !== null) keys.username.set(usernameKey, user.id)
    const now = clock.now()
    const record: UserRecord = {
      ...user,
      emailVerifiedAt: emailVerified ? now : null,
      disabledAt: disabled ? now : null,
      revision: 0,
      createdAt: createdAt ?? now,
      lastLoginAt: null,
    }
    users.set(user.id, record)
    if (selfRegistered) table.claims.add(user.id)
    return { ok: true, user: record }
  }

  return {
    async create(user) {
      return create(user)
    },
    async createMany(all) {
      return all.map((user) => {
        const written = create(user)
        return written.ok ? 'created' : written.taken === 'email' ? 'exists' : 'username_taken'
      })
    },
    async list(asked) {
      const { search, order } = asked
      if (search === null) {
        const ids = new Map([...users.keys()].map((id) => [id, id]))
        return takePage(asked, [index('id', ids, '', order === 'newest')])
      }
      return takePage(asked, [
        index('email', keys.email, search, false),
        index('username', keys.username, search, false),
      ])
    },
    async find(id) {
      return at(id)
    },
    async findByEmail(emailKey) {
      return at(keys.email.get(emailKey))
    },
    async findByUsername(usernameKey) {
      return at(keys.username.get(usernameKey))
    },
    async updateProfile(id, { name, username }) {
      const user = at(id)
      if (!user) return null
      if (username !== undefined) {
        const owner = username === null ? undefined : keys.username.get(username.key)
        if (owner !== undefined && owner !== id) return { ok: false, taken: 'username' }
        if (user.username !== null) keys.username.delete(user.username.toLowerCase())
        if (username !== null) keys.username.set(username.key, id)
      }
      const changed = update(id, {
        ...(name !== undefined && { name }),
        ...(username !== undefined && { username: username?.text ?? null }),
      })
      return changed && { ok: true, user: changed }
    },
    async replaceHash(id, from, to) {
      if (at(id)?.passwordHash !== from) return false
      return update(id, { passwordHash: to }) !== null
    },
    async recordLogin(id) {
      update(id, { lastLoginAt: clock.now() })
    },
    async setRoles(id, roles, unless) {
      const present = at(id)
      if (present && !roles.includes(unless?.keepOne ?? '') && isLast(present, unless)) return 'last'
      const user = present && update(id, { roles, revision: present.revision + 1 })
      if (!user) return null
      const floors = userFloors(id, user.revision, [], clock.now())
      log.push(...floors)
      return { user, floors }
    },
    async setDisabled(id, disabled, unless) {
      const user = at(id)
      if (user && disabled && isLast(user, unless)) return 'last'
      if (user) table.endTokens(id)
      return user && update(id, { disabledAt: disabled ? clock.now() : null, revision: user.revision + 1 })
    },
    async setPassword(id, revision, hash) {
      const user = at(id)
      if (user?.revision !== revision) return null
      table.endTokens(id)
      return update(id, { passwordHash: hash, revision: revision + 1 })
    },
    async raiseRevision(id) {
      const user = at(id)
      return (user && update(id, { revision: user.revision + 1 })?.revision) ?? null
    },
    async delete(id, unless) {
      const user = at(id)
      if (user && isLast(user, unless)) return 'last'
      table.endTokens(id)
      for (const index of Object.values(keys)) {
        for (const [key, owner] of index) if (owner === id) index.delete(key)
      }
      return users.delete(id)
    },
  }
}

const idsOf = (sessions: readonly SessionRecord[]): readonly string[] => sessions.map(({ id }) => id)

function createSessionStore(clock: Clock, log: Floor[], sessions: Map<string, SessionRecord>): SessionStore {
  const liveAt = (now: number): SessionRecord[] =>
    [...sessions.values()].filter((session) => !sessionEnd(session, now))
  const end = (
    now: number,
    reason: RevokedReason,
    chosen: (session: SessionRecord) => boolean,
  ): SessionRecord[] => {
    const ended = liveAt(now).filter(chosen)
    for (const session of ended)
      sessions.set(session.id, { ...session, revokedAt: now, revokedReason: reason })
    return ended
  }
  const append = (count: number, floors: readonly Floor[]): Revocation => {
    log.push(...floors)
    return { count, floors }
  }
  const endAndLog = (reason: RevokedReason, chosen: (session: SessionRecord) => boolean): Revocation => {
    const now = clock.now()
    const ended = end(now, reason, chosen)
    return append(ended.length, sessionFloors(idsOf(ended), now))
  }

  const lastSeenFirst = (userId: string, now: number): SessionRecord[] =>
    liveAt(now)
      .filter((session) => session.userId === userId)
      .sort((a, b) => b.lastSeenAt - a.lastSeenAt || (a.id < b.id ? 1 : -1))

  return {
    async create(chosen, replaces, most = Number.POSITIVE_INFINITY) {
      const replaced = endAndLog('replaced', ({ id }) => replaces.includes(id))
      const old = lastSeenFirst(chosen.userId, clock.now()).slice(most - 1)
      const tooMany = endAndLog('too_many', ({ id }) => old.some((session) => session.id === id))
      const session = createSession(chosen, clock.now())
      sessions.set(session.id, session)
      return {
        session,
        count: replaced.count + tooMany.count,
        floors: [...replaced.floors, ...tooMany.floors],
      }
    },
    async find(id) {
      const session = sessions.get(id)
      return session ? { session, now: clock.now() } : null
    },
    async findAll(ids) {
      return { sessions: ids.flatMap((id) => sessions.get(id) ?? []), now: clock.now() }
    },
    async swap({ id, nonceHash, carriage, swap, idleTimeout }) {
      const now = clock.now()
      const session = sessions.get(id)
      if (!session || sessionEnd(session, now)) return null
      if (
        session.nonceHash !== nonceHash ||
        session.carriage !== carriage ||
        session.generation !== swap.from
      )
        return null
      const settled = session.predecessor === null || Math.abs(now - session.rotatedAt) > swap.settledFor
      if (swap.settledFor > 0 && !settled) return null
      if (swap.whileUnconfirmed && session.confirmedGeneration >= session.generation) return null
      const idle = session.remember ? idleTimeout.remembered : idleTimeout.plain
      const moved: SessionRecord = {
        ...session,
        generation: swap.to,
        predecessor: swap.predecessor,
        confirmedGeneration: Math.max(session.confirmedGeneration, swap.confirmed),
        rotatedAt: now,
        lastSeenAt: now,
        idleExpiresAt: Math.min(now + idle, session.expiresAt),
      }
      sessions.set(id, moved)
      return moved
    },
    async prove(id, methods, move) {
      const now = clock.now()
      const session = sessions.get(id)
      if (!session || sessionEnd(session, now) || (move && session.generation !== move.from)) return null
      const proved = proveSession(session, methods, move, now)
      sessions.set(id, proved)
      const { floors } = append(1, move ? generationFloor(id, move.to, now) : [])
      return { session: proved, floors }
    },
    async confirm(confirmations, idleTimeout) {
      const now = clock.now()
      for (const { sessionId, generation } of confirmations) {
        const session = sessions.get(sessionId)
        if (!session) continue
        const seen = Math.min(generation, session.generation)
        const idle = session.remember ? idleTimeout?.remembered : idleTimeout?.plain
        const extended = idle === undefined || sessionEnd(session, now) ? 0 : now + idle
        sessions.set(sessionId, {
          ...session,
          confirmedGeneration: Math.max(session.confirmedGeneration, seen),
          lastSeenAt: Math.max(session.lastSeenAt, now),
          idleExpiresAt: Math.max(session.idleExpiresAt, Math.min(extended, session.expiresAt)),
        })
      }
    },
    async list(userId) {
      const now = clock.now()
      return { sessions: lastSeenFirst(userId, now), now }
    },
    async revoke(id, owner, reason) {
      const isChosen = (session: SessionRecord): boolean =>
        session.id === id && (owner === null || session.userId === owner)
      const ended = endAndLog(reason, isChosen)
      return { ...ended, userId: ended.count > 0 ? (sessions.get(id)?.userId ?? null) : null }
    },
    async revokeOthers(userId, keep, reason) {
      return endAndLog(reason, (session) => session.userId === userId && session.id !== keep)
    },
    async revokeAll(userId, revision, reason) {
      const now = clock.now()
      const ended = end(now, reason, (session) => session.userId === userId)
      return append(ended.length, userFloors(userId, revision, idsOf(ended), now))
    },
    async revokeEveryone(limit, after, reason) {
      const now = clock.now()
      const live = idsOf(liveAt(now)).toSorted()
      const chosen = live.filter((id) => after === null || id > after).slice(0, limit)
      end(now, reason, ({ id }) => chosen.includes(id))
      const last = chosen[limit - 1] ?? null
      return { ...append(chosen.length, globalFloors(last === null ? chosen : [], now)), last }
    },
    async prune(limit) {
      const before = clock.now() - DAY
      const old = [...sessions.values()].filter(
        ({ idleExpiresAt, revokedAt }) =>
          idleExpiresAt < before || (revokedAt !== null && revokedAt < before),
      )
      for (const { id } of old.slice(0, limit)) sessions.delete(id)
      return Math.min(old.length, limit)
    },
  }
}

function createRevocationLog(clock: Clock, log: Floor[]): RevocationLog {
  return {
    async read(after) {
      const now = clock.now()
      const floors = log.slice(Number(after ?? 0)).filter(({ expiresAt }) => expiresAt > now)
      return { floors, cursor: String(log.length) }
    },
    // The cursor counts lines from the beginning, so a line is only emptied of meaning, by its expiry.
    async prune() {},
  }
}
