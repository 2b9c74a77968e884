// How does a pool of `pg` come to be, with limits on everything that can take long?
import type { Pool } from './pool.ts'
import type { PostgresAddress } from './url.ts'

/** Milliseconds that anybody waits for a connection, whether for a new one or for one of the pool. */
const CONNECT_TIMEOUT = 3000
/** Milliseconds after which a connection that nobody uses is closed. */
const IDLE_TIMEOUT = 30_000
/** Seconds after which a connection is replaced, so that after a change of the network or a fail-over none is left for ever. */
const LIFETIME = 1800

/**
 * Milliseconds, kept by the server, for the sake of what others wait for: rows that are locked and connections. Behind a pooler, which
 * hands connections from one to the other, they belong to the database's role (`alter role … set statement_timeout`).
 */
const SERVER_LIMITS = {
  statement_timeout: 5000,
  lock_timeout: 3000,
  idle_in_transaction_session_timeout: 5000,
}

/** Connections are made when they are needed. @throws {TypeError} where `pg` is not installed. */
export async function openPool({
  url,
  poolSize,
  pooled,
}: Pick<PostgresAddress, 'url' | 'poolSize' | 'pooled'>): Promise<Pool> {
  const { Pool: PgPool } = await importPg()
  return new PgPool({
    connectionString: url,
    max: poolSize,
    application_name: 'lockjar',
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    idleTimeoutMillis: IDLE_TIMEOUT,
    maxLifetimeSeconds: LIFETIME,
    keepAlive: true,
    // Like everything else that waits for work here, it keeps no process alive.
    allowExitOnIdle: true,
    ...(!pooled && SERVER_LIMITS),
  })
}

async function importPg(): Promise<typeof import('pg')> {
  try {
    return await import('pg')
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause
    throw new TypeError('lockjar: option database: needs the package pg; add it with: npm install pg', {
      cause,
    })
  }
}
