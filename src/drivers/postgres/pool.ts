// What does this driver need of `pg`? No more than this, so that any pool of its shape will do.

/** How the text of a column becomes a value. Given with each query: the application's own settings of `pg` are left alone. */
export interface TypeParsers {
  getTypeParser(oid: number, format?: string): (text: string) => unknown
}

export interface PoolQuery {
  readonly text: string
  readonly values: unknown[]
  /** Of a statement that the server keeps prepared for the connection. */
  readonly name?: string
  readonly types?: TypeParsers
  /** Milliseconds after which nobody waits for the answer any more. */
  readonly query_timeout?: number
}

export interface PoolResult {
  readonly rows: readonly unknown[]
  readonly rowCount: number | null
  /** The first word of what was done: `COMMIT`, or `ROLLBACK` where a commit was asked for in vain. */
  readonly command: string
}

export interface PoolClient {
  query(query: PoolQuery): Promise<PoolResult>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'notification', listener: () => void): unknown
  removeListener(event: 'error' | 'notification', listener: () => void): unknown
  /** The process may end though this is connected. */
  unref?(): void
  /** `true`: the connection is closed and not used again. */
  release(destroy?: boolean): void
}

/** The shape of `pg.Pool`. */
export interface Pool {
  /** How many wait for a client. */
  readonly waitingCount: number
  connect(): Promise<PoolClient>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'connect', listener: (client: PoolClient) => void): unknown
  end(): Promise<void>
}

/**
 * A server that stops may say so in one breath with letting a client in, before whoever asked for the client can listen; and an
 * error that nobody hears ends the process. Whatever is asked of that client is refused.
 */
export function survivePartings(pool: Pool): void {
  pool.on('connect', (client) => client.on('error', () => {}))
}
