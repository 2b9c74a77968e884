// How does a node reach the database? A driver of which everything is made up but its manners: time limits, and reading anew.
import type { LogCursor, LogPage, Store } from 'lockjar'
import { AuthError } from 'lockjar'
import type { Chance } from './chance.ts'
import type { Database, Part } from './database.ts'
import type { Time } from './time.ts'

/** Milliseconds after which a driver gives a command up; it may have been carried out, or may be later. */
const TIME_LIMIT = 5000
/** Milliseconds one way, median. */
const ONE_WAY = 0.4
/** Of a thousand packets, those that are lost and sent again, and what that takes. */
const LOST_PACKETS = 0.001
const SENT_AGAIN = 200

/** What a fault makes of the way between a node and the database. */
export interface Way {
  cut: boolean
  /** No hint comes through. */
  deaf: boolean
  /** Most milliseconds by which a command or its answer is late. */
  slow: number
}

export interface LinkParts {
  readonly time: Time
  readonly chance: Chance
  readonly database: Database
  readonly way: Way
  /** Lets the process go on with it, once it can. */
  readonly deliver: (task: () => void) => void
  /** A read of the log by a node that shows `cursor` was answered; it had been sent then. */
  readonly onRead: (whole: boolean, sent: number) => void
  readonly watch: (heard: () => void) => () => void
  /** A mistake: over a new connection it goes on where it was. */
  readonly keepsCursor: boolean
}

export function createLink(parts: LinkParts): Store {
  const { time, chance, database, way, deliver } = parts
  const delay = (): number =>
    chance.latency(ONE_WAY) +
    (chance.happens(LOST_PACKETS) ? SENT_AGAIN : 0) +
    (way.slow > 0 && chance.happens(0.5) ? chance.between(0, way.slow) : 0)

  /** One command over a connection; `arrived` is asked for its arguments when it gets there. */
  const send = (part: Part, name: string, arrived: () => readonly unknown[]): Promise<unknown> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const fail = (detail: string): void =>
      deliver(() => reject(new AuthError('unavailable', { detail, retryAfter: 1 })))
    const stopWaiting = time.after(TIME_LIMIT, () => fail('The database takes too long.'))
    const finish = (task: () => void): void => {
      stopWaiting()
      deliver(task)
    }
    const broken = (): void => finish(() => fail('The connection to the database broke.'))
    if (way.cut) return promise
    const { life } = database
    time.after(delay(), () => {
      if (way.cut) return
      if (!database.up || database.life !== life) return void time.after(delay(), broken)
      database.run(part, name, arrived()).then(
        (answer) =>
          time.after(delay(), () => {
            if (way.cut) return
            if (database.life !== life) return broken()
            finish(() => resolve(answer))
          }),
        (error: unknown) => time.after(delay(), () => finish(() => reject(error as Error))),
      )
    })
    return promise
  }

  return {
    sessions: remote('sessions', send),
    users: remote('users', send),
    revocations: { read: readLog(parts, send), watch: parts.watch, async prune() {} },
    async close() {},
  } as unknown as Store
}

type Send = (part: Part, name: string, arrived: () => readonly unknown[]) => Promise<unknown>

/** What is asked of it, it sends. */
function remote<Commands extends object>(part: Part, send: Send): Commands {
  const known = new Map<string, unknown>()
  return new Proxy({} as Commands, {
    get(_target, name) {
      if (typeof name !== 'string' || name === 'then') return undefined
      const command = known.get(name) ?? ((...given: readonly unknown[]) => send(part, name, () => given))
      known.set(name, command)
      return command
    },
  })
}

/** A cursor is of a connection: over a new one, to a database that is perhaps an older one, the whole log is read. */
function readLog(
  { time, database, onRead, keepsCursor }: LinkParts,
  send: Send,
): Store['revocations']['read'] {
  return async (after: LogCursor): Promise<LogPage> => {
    const sent = time.now
    let whole = after === null
    let life = 0
    const page = (await send('revocations', 'read', () => {
      life = database.life
      const [connection, cursor] = after?.split(' ') ?? []
      whole ||= !keepsCursor && connection !== String(life)
      return [whole ? null : cursor]
    })) as LogPage
    onRead(whole, sent)
    return { floors: page.floors, cursor: `${life} ${page.cursor}` }
  }
}
