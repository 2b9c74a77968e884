// What does the SQLite driver offer?
import type { Clock } from '../../ports/clock.ts'
import type { Store } from '../../ports/store.ts'
import { openConnection } from './connection.ts'
import { migrate } from './migrations.ts'
import { openReader } from './reader.ts'
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
  return path === IN_MEMORY ? openInMemory(clock) : openFile(path, clock)
}

/** It belongs to its one connection, and there is no disk to wait for. */
function openInMemory(clock: Clock): Store {
  const connection = openConnection(IN_MEMORY)
  migrate(connection, clock.now())
  return { ...createStores(connection, clock), close: async () => connection.close() }
}

function openFile(path: string, clock: Clock): Store {
  const reader = openReader(path, clock.now())
  const writer = createWriter({ startThread: () => startWriterThread(path), clock })
  const stores = divideStores(createStores(reader, clock), writer)
  return {
    ...stores,
    revocations: { ...stores.revocations, watch: watchFile(reader, clock) },
    async close() {
      await writer.close()
      reader.close()
    },
  }
}
