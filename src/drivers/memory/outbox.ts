// How do mails wait in memory?
import type { Clock } from '../../ports/clock.ts'
import type { NewOutboxRow, Outbox } from '../../ports/outbox.ts'

interface Row extends NewOutboxRow {
  readonly createdAt: number
  readonly dueAt: number
  readonly claim: number
}

const HOUR = 3_600_000

/** Every method runs without giving way, which makes it atomic. */
export function createOutbox(clock: Clock): Outbox {
  const rows = new Map<string, Row>()
  const due = (): Row[] => {
    const now = clock.now()
    return [...rows.values()]
      .filter(({ dueAt }) => dueAt <= now)
      .sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1))
  }
  const held = ({ id, claim }: Pick<Row, 'id' | 'claim'>): Row | null => {
    const row = rows.get(id)
    return row?.claim === claim ? row : null
  }

  return {
    async add(row, most) {
      if (rows.size >= most) return false
      const now = clock.now()
      rows.set(row.id, { ...row, createdAt: now, dueAt: now, claim: 0 })
      return true
    },
    async isDue() {
      return due().length > 0
    },
    async claim(limit, lease) {
      const now = clock.now()
      return due()
        .slice(0, limit)
        .map((row) => {
          const claimed = { ...row, dueAt: now + lease, claim: row.claim + 1 }
          rows.set(row.id, claimed)
          const { id, sealed, createdAt, endsAt, claim } = claimed
          return { id, sealed, createdAt, endsAt, now, claim }
        })
    },
    async remove(hold) {
      return held(hold) !== null && rows.delete(hold.id)
    },
    async postpone(hold, wait) {
      const row = held(hold)
      if (row) rows.set(row.id, { ...row, dueAt: clock.now() + wait })
      return row !== null
    },
    async prune(limit) {
      const before = clock.now() - HOUR
      const old = [...rows.values()].filter(({ endsAt }) => endsAt <= before).slice(0, limit)
      for (const { id } of old) rows.delete(id)
      return old.length
    },
  }
}
