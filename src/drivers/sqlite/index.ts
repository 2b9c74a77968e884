// What does the SQLite driver offer?
import type { Clock } from '../../ports/clock.ts'
import type { Store } from '../../ports/store.ts'
import { openConnection } from './connection.ts'
import { migrate } from './migrations.ts'
import { createRevocationLog } from './revocation-log.ts'
import { createSessionStore } from './session-store.ts'
import { createUserStore } from './user-store.ts'

/**
 * Opens a SQLite file, made if it is not there, and brings its schema up to date. The application may keep its own
 * tables in the same file; Lockjar's begin with `lockjar_`. `clock` is the clock that judges ages and times.
 *
 * @throws {AuthError} `unavailable` where the file cannot be opened or stays locked for 5 seconds.
 */
export function openSqlite(path: string, clock: Clock): Store {
  const connection = openConnection(path)
  migrate(connection, clock.now())
  const revocations = createRevocationLog(connection, clock)
  return {
    users: createUserStore(connection, clock),
    sessions: createSessionStore(connection, clock, revocations),
    revocations,
    async close() {
      connection.close()
    },
  }
}
