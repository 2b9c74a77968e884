// How does a process hear soon that another one has written to the file?
import type { Clock } from '../../ports/clock.ts'
import type { RevocationLog } from '../../ports/revocation-log.ts'
import type { Connection } from './connection.ts'

/**
 * Milliseconds. To ask for the version of the file costs microseconds and reads no page, so that an idle process may ask
 * twenty times a second.
 */
const INTERVAL = 50

export function watchFile(connection: Connection, clock: Clock): NonNullable<RevocationLog['watch']> {
  return (heard) => {
    let seen: number | null = null
    return clock.every(INTERVAL, () => {
      const present = readVersion(connection)
      if (present !== null && seen !== null && present !== seen) heard()
      seen = present
    })
  }
}

/** `null` where the file cannot be asked just now: the reader of the log will tell. */
function readVersion(connection: Connection): number | null {
  try {
    return connection.dataVersion()
  } catch {
    return null
  }
}
