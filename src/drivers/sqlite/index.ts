// What does the SQLite driver offer?
import type { Clock } from '../../ports/clock.ts'
import type { Store } from '../../ports/store.ts'
import { openConnection } from './connection.ts'
import { migrate } from './migrations.ts'
import { createStores } from './stores.ts'
import { watchFile } from './watch.ts'
import { createWriter, divideStores, startWriterThread } from './writer.ts'

const IN_MEMORY = ':memory:'

/**
 * Opens a SQLite file, made if it is not there, and brings its schema up to date. The application may keep its own
 * tables in the same file; Lockjar's begin with `lockjar_`. `clock` is the clock that judges ages and times. Reads are
 * answered on this thread and wait for nobody; writes share durable commits in a thread of their own.
 *
 * @throws {AuthError} `unavailable` where the file cannot be opened or stays locked for 5 seconds.
 */
export function openSqlite(path: string, clock: Clock): Store {
  const connection = openConnection(path)
  migrate(connection, clock.now())
  const stores = createStores(connection, clock)
  // A database in memory belongs to its one connection.
  if (path === IN_MEMORY) return { ...stores, close: async () => connection.close() }

  connection.allowReadsOnly()
  const writer = createWriter({ startThread: () => startWriterThread(path), clock })
  const divided = divideStores(stores, writer)
  return {
    ...divided,
    revocations: { ...divided.revocations, watch: watchFile(connection, clock) },
    async close() {
      await writer.close()
      connection.close()
    },
  }
}
