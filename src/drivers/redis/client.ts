// What of ioredis is used here, and how does a URL become a client?
import { AuthError } from '../../errors.ts'

/** A client of ioredis as the application made it: for one server, by Sentinel, or of a Cluster. */
export interface RedisClient {
  /** One like it, with a connection of its own. */
  duplicate(): RedisConnection
}

/** What `duplicate` of ioredis answers. */
export interface RedisConnection {
  call(command: string, ...args: string[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  on(event: 'ready', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'message', listener: (channel: string, text: string) => void): unknown
  connect(): Promise<unknown>
  disconnect(reconnect?: boolean): void
  readonly status: string
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 1000
const LONGEST_PAUSE = 1000
const KEEP_ALIVE = 10_000

const URL_SHAPE = /^rediss?:\/\/[^\s/]+/i

/**
 * Nothing is connected yet.
 *
 * @throws {TypeError} for what is no URL of Redis, and where ioredis is not installed.
 */
export async function openClient(url: string): Promise<RedisClient> {
  // The URL holds a password: it is not said again.
  if (!URL_SHAPE.test(url) || !URL.canParse(url))
    throw new TypeError(
      'lockjar: option redis: is not a URL such as redis://127.0.0.1:6379 or rediss://USER:PASSWORD@HOST:PORT',
    )
  const { Redis } = await importIoredis()
  return {
    duplicate: () =>
      new Redis(url, {
        lazyConnect: true,
        connectTimeout: CONNECT_TIMEOUT,
        keepAlive: KEEP_ALIVE,
        // What cannot be sent now is asked of the database now, and is not sent later.
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
        // It subscribes itself, so that it knows when.
        autoResubscribe: false,
        retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), LONGEST_PAUSE),
        // After a fail-over the name leads to another server.
        reconnectOnError: (error) => error.message.startsWith('READONLY'),
      }),
  }
}

async function importIoredis(): Promise<Pick<typeof import('ioredis'), 'Redis'>> {
  try {
    return await import('ioredis')
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause
    throw new TypeError(
      'lockjar: option redis: needs the package ioredis; add it with: npm install ioredis',
      {
        cause,
      },
    )
  }
}

export function redisUnavailable(cause?: unknown): AuthError {
  return new AuthError('unavailable', { detail: 'Redis is not available.', retryAfter: 1, cause })
}

/** One that has given up, by the options of the application's client, begins anew. */
export function reopen(connection: RedisConnection): void {
  if (connection.status === 'end') connection.connect().catch(() => {})
}

/** Redis has answered, and has said no. */
export const isReply = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError'

/** The server's first word, or the system's code: never a message, which may quote a command. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return /^([A-Z]{2,20})\b/.exec(error.message)?.[1] ?? error.name
}
