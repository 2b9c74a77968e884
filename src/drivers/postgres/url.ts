// What does a database URL say, to `pg` and to this driver?

/** What a URL says beside what `pg` reads of it. */
export interface PostgresAddress {
  /** For `pg`, without what only this driver knows. */
  readonly url: string
  /** For messages: where, without who and how. */
  readonly place: string
  /** Connections of this process at most. */
  readonly poolSize: number
  /** A pooler stands between that gives each transaction another connection: nothing may be left on one. */
  readonly pooled: boolean
  /** Whether hot statements are prepared by name. */
  readonly prepared: boolean
  /** Where LISTEN reaches the server itself; `null`: nowhere. */
  readonly listenUrl: string | null
}

const SCHEMES: ReadonlySet<string> = new Set(['postgres:', 'postgresql:'])
const POOL_SIZE = 10
const OWN = ['pool_size', 'pgbouncer', 'prepared', 'listen_url'] as const

/**
 * `postgres://user:password@host:port/name`, with what `pg` knows (`sslmode`, …), and of our own `pool_size`, `pgbouncer=on`,
 * `prepared=on|off` and `listen_url`.
 *
 * @throws {TypeError} in one line, which holds no part of the URL that may be secret.
 */
export function parseAddress(database: string): PostgresAddress {
  const url = URL.canParse(database) ? new URL(database) : null
  if (!url || !SCHEMES.has(url.protocol))
    throw new TypeError('lockjar: option database: a URL such as postgres://user:password@host:5432/name')
  const own = Object.fromEntries(OWN.map((name) => [name, url.searchParams.get(name)]))
  for (const name of OWN) url.searchParams.delete(name)
  const pooled = readFlag('pgbouncer', own['pgbouncer']) ?? false
  return {
    url: url.href,
    place: `postgres://${url.host}${url.pathname}`,
    poolSize: readPoolSize(own['pool_size']),
    pooled,
    prepared: readFlag('prepared', own['prepared']) ?? !pooled,
    listenUrl: readListenUrl(own['listen_url']) ?? (pooled ? null : url.href),
  }
}

function readFlag(name: string, value: string | null | undefined): boolean | null {
  if (!value) return null
  if (value === 'on' || value === 'off') return value === 'on'
  throw new TypeError(`lockjar: option database: ${name} is on or off`)
}

function readPoolSize(value: string | null | undefined): number {
  const size = value ? Number(value) : POOL_SIZE
  if (Number.isInteger(size) && size >= 1 && size <= 1000) return size
  throw new TypeError('lockjar: option database: pool_size is a whole number from 1 to 1000')
}

function readListenUrl(value: string | null | undefined): string | null {
  if (!value) return null
  if (URL.canParse(value) && SCHEMES.has(new URL(value).protocol)) return value
  throw new TypeError('lockjar: option database: listen_url is a URL of PostgreSQL itself')
}
