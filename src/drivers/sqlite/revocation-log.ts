// How is the revocation log kept in SQLite, so that every process on the file reads every line?
import type { Floor } from '../../core/revocation/floors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RevocationLog } from '../../ports/revocation-log.ts'
import { toFloor, toFloorRow } from '../sql/floor-rows.ts'
import type { Connection } from './connection.ts'
import { query } from './query.ts'

/** For the commands that revoke: they write the log in their own transaction. */
export interface LogWriter {
  /** Answers what it was given. */
  append(floors: readonly Floor[]): readonly Floor[]
}

const DAY = 86_400_000

interface Cursor {
  readonly id: number
  /** What SQLite and this driver said of changes when the log was read last. */
  readonly version: string
}

export function createRevocationLog(
  connection: Connection,
  clock: Pick<Clock, 'now'>,
): RevocationLog & LogWriter {
  /** `PRAGMA data_version` does not count this connection's own writes. */
  let written = 0
  const version = (): string => `${connection.dataVersion()}/${written}`

  const append = (floors: readonly Floor[]): readonly Floor[] => {
    for (const floor of floors) {
      connection.run(query.insertInto('lockjar_revocations').values(toFloorRow(floor)))
    }
    if (floors.length > 0) written++
    return floors
  }

  return {
    append,
    async read(after) {
      const seen: Cursor = after === null ? { id: 0, version: '' } : (JSON.parse(after) as Cursor)
      // Asked before reading: a line that is committed in between is read now or at the next poll, never missed.
      const present = version()
      if (present === seen.version) return { floors: [], cursor: after }
      const rows = connection.all(
        query
          .selectFrom('lockjar_revocations')
          .selectAll()
          .where('id', '>', seen.id)
          .where('expires_at', '>', clock.now())
          .orderBy('id'),
      )
      const cursor: Cursor = { id: rows.at(-1)?.id ?? seen.id, version: present }
      return {
        floors: rows.map(toFloor),
        cursor: JSON.stringify(cursor),
      }
    },
    async prune() {
      // A day later than need be: a clock that was set forward for a while must not forget anything.
      const before = clock.now() - DAY
      connection.run(query.deleteFrom('lockjar_revocations').where('expires_at', '<=', before))
    },
  }
}
