// How does a node hear soon that another one has revoked something? By LISTEN, on a connection of its own.
import type { Clock } from '../../ports/clock.ts'
import type { RevocationLog } from '../../ports/revocation-log.ts'
import type { Pool, PoolClient } from './pool.ts'
import { survivePartings } from './pool.ts'

/** Milliseconds between two looks at the connection. */
const INTERVAL = 1000
/** Looks, at most, from one try to connect to the next: 1, 2, 4, … */
const LONGEST_PAUSE = 16
/** Looks after which the connection is asked whether anybody is there still. */
const PROBE = 10
/** Milliseconds that such a question may take. */
const PROBE_TIMEOUT = 3000

export interface Watch {
  readonly watch: NonNullable<RevocationLog['watch']>
  /** Ends whatever still listens. */
  close(): Promise<void>
}

/** `pool` is for this alone: each that listens keeps a connection. Whoever hears it twice, or for nothing, reads once more. */
export function watchNotifications(pool: Pool, clock: Clock): Watch {
  const listening = new Set<() => void>()
  survivePartings(pool)
  // Of a connection that nobody holds, which is none of those that listen.
  pool.on('error', () => {})

  const watch: Watch['watch'] = (heard) => {
    let client: PoolClient | undefined
    let connecting = false
    let stopped = false
    let pause = 1
    let wait = 0
    let quiet = 0

    const lose = (): void => {
      const lost = client
      client = undefined
      lost?.release(true)
    }
    const connect = async (): Promise<void> => {
      connecting = true
      try {
        const made = await pool.connect()
        made.on('error', () => made === client && lose())
        made.on('notification', heard)
        client = made
        quiet = 0
        await made.query({ text: 'listen lockjar_revocations', values: [], query_timeout: PROBE_TIMEOUT })
        if (stopped) return
        // Not before: whoever waits for the end is not to find the process gone.
        made.unref?.()
        pause = 1
        // Whatever was said while nobody listened.
        heard()
      } catch {
        lose()
        wait = pause
        pause = Math.min(pause * 2, LONGEST_PAUSE)
      } finally {
        connecting = false
        if (stopped) lose()
      }
    }
    /** A connection that broke on the way says nothing, and looks like one on which nothing happens. */
    const probe = (asked: PoolClient): void => {
      // Once is enough, until there is an answer.
      quiet = Number.NEGATIVE_INFINITY
      asked.query({ text: 'select 1', values: [], query_timeout: PROBE_TIMEOUT }).then(
        () => {
          quiet = 0
        },
        () => asked === client && lose(),
      )
    }

    const look = (): void => {
      if (connecting) return
      if (client) {
        if (++quiet >= PROBE) probe(client)
      } else if (wait > 0) wait--
      else void connect()
    }
    const stopLooking = clock.every(INTERVAL, look)
    look()
    const stop = (): void => {
      stopped = true
      listening.delete(stop)
      stopLooking()
      lose()
    }
    listening.add(stop)
    return stop
  }

  return {
    watch,
    close() {
      for (const stop of listening) stop()
      return pool.end()
    },
  }
}
