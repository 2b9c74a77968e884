// What answers reads on the main thread? A connection that cannot write, to a file whose schema is up to date.
import type { Connection } from './connection.ts'
import { openConnection } from './connection.ts'
import { migrate } from './migrations.ts'

/** A method that is listed as a read by mistake is found out by SQLite before it holds up the event loop. */
export function openReader(path: string, now: number): Connection {
  const connection = openConnection(path)
  migrate(connection, now)
  connection.allowReadsOnly()
  return connection
}
