// How is session data kept in memory?

import type { SessionRecord } from '../../core/session/session.ts'
import { sessionEnd } from '../../core/session/session.ts'
import type { ContainerRecord, ContainerState } from '../../core/session-data/container.ts'
import {
  containerState,
  entryBytes,
  mayComeAlong,
  overLimit,
  TOMBSTONE_LIFETIME,
} from '../../core/session-data/container.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Holder, SessionDataStore } from '../../ports/session-data-store.ts'

interface Container {
  readonly record: ContainerRecord
  readonly entries: Map<string, string>
}

/** `sessions`: those of the session store. Every method runs without giving way, which makes it atomic. */
export function createSessionDataStore(
  clock: Clock,
  sessions: ReadonlyMap<string, SessionRecord>,
): SessionDataStore {
  const containers = new Map<string, Container>()
  const boundTo = ({ sessionId }: Pick<ContainerRecord, 'sessionId'>): SessionRecord | null =>
    sessionId === null ? null : (sessions.get(sessionId) ?? null)
  const stateOf = ({ idHash, sessionId }: Holder, now: number): ContainerState => {
    const record = containers.get(idHash)?.record ?? null
    return containerState(record, record && boundTo(record), sessionId, now)
  }
  const openOf = (holder: Holder, now: number): Container | null =>
    stateOf(holder, now) === 'open' ? (containers.get(holder.idHash) ?? null) : null
  const use = ({ record, entries }: Container, idleTimeout: number, now: number): void => {
    const idleExpiresAt = Math.max(record.idleExpiresAt, now + idleTimeout)
    containers.set(record.idHash, { record: { ...record, lastSeenAt: now, idleExpiresAt }, entries })
  }
  const bury = ({ record }: Container, now: number): void => {
    containers.set(record.idHash, { record: { ...record, endedAt: now }, entries: new Map() })
  }

  return {
    async read(holder) {
      const now = clock.now()
      const container = openOf(holder, now)
      if (!container) return null
      const { record, entries } = container
      const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
      return { entries: sorted, bound: boundTo(record), lastSeenAt: record.lastSeenAt, now }
    },
    async write({ key, json, idleTimeout, ...holder }) {
      const now = clock.now()
      const container = openOf(holder, now)
      if (!container) return stateOf(holder, now) === 'ended' ? 'ended' : 'absent'
      const { entries } = container
      if (json === null) entries.delete(key)
      else {
        const others = [...entries].filter(([each]) => each !== key)
        const bytes = others.reduce((sum, [each, text]) => sum + entryBytes(each, text), 0)
        const over = overLimit({ keys: others.length, bytes }, key, json)
        if (over) return over
        entries.set(key, json)
      }
      use(container, idleTimeout, now)
      return 'done'
    },
    async begin({ idHash, sessionId, key, json, idleTimeout }) {
      const now = clock.now()
      const bound = boundTo({ sessionId })
      if (sessionId !== null && (!bound || sessionEnd(bound, now))) return null
      const times = { createdAt: now, lastSeenAt: now, idleExpiresAt: now + idleTimeout, endedAt: null }
      containers.set(idHash, { record: { idHash, sessionId, ...times }, entries: new Map([[key, json]]) })
      return { bound }
    },
    async touch({ idleTimeout, ...holder }) {
      const now = clock.now()
      const container = openOf(holder, now)
      if (container) use(container, idleTimeout, now)
    },
    async rotate({ to, ...holder }) {
      const now = clock.now()
      const container = openOf(holder, now)
      if (!container) return stateOf(holder, now) === 'ended' ? 'ended' : 'absent'
      const { record, entries } = container
      containers.set(to, { record: { ...record, idHash: to }, entries })
      bury(container, now)
      return 'done'
    },
    async adopt({ from, to, sessionId, userId, idleTimeout }) {
      const now = clock.now()
      const container = containers.get(from)
      if (!container) return 'absent'
      if (container.record.endedAt !== null) {
        return stateOf({ idHash: from, sessionId: null }, now) === 'ended' ? 'ended' : 'absent'
      }
      const { record, entries } = container
      bury(container, now)
      if (now >= record.idleExpiresAt || !mayComeAlong(record, boundTo(record), userId, now)) return 'absent'
      const times = { createdAt: now, lastSeenAt: now, idleExpiresAt: now + idleTimeout, endedAt: null }
      containers.set(to, { record: { idHash: to, sessionId, ...times }, entries })
      return 'done'
    },
    async end(idHash) {
      const now = clock.now()
      const container = containers.get(idHash)
      if (!container) return 'absent'
      if (container.record.endedAt !== null)
        return stateOf({ idHash, sessionId: null }, now) === 'ended' ? 'ended' : 'absent'
      bury(container, now)
      return 'done'
    },
    async prune(limit) {
      const now = clock.now()
      const before = now - TOMBSTONE_LIFETIME
      const useless = [...containers.values()].filter(({ record }) => {
        if (record.endedAt !== null) return record.endedAt < before
        if (record.idleExpiresAt < before) return true
        const bound = boundTo(record)
        return bound !== null && sessionEnd(bound, before) !== null && (bound.revokedAt ?? 0) < before
      })
      for (const { record } of useless.slice(0, limit)) containers.delete(record.idHash)
      return Math.min(useless.length, limit)
    },
  }
}
