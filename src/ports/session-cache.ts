// What do processes show each other of the sessions that they have read?

/**
 * Between what a process knows and the database. It holds texts that only the key ring makes, forgets any of them at any time, and may be
 * written by strangers: whoever reads believes nothing that is not signed, and nothing for longer than its maker said.
 */
export interface SessionCache {
  /** What was put there last, or `null`: nothing, or it cannot be asked now. Never rejects, and takes no longer than a read of the database may. */
  get(key: string): Promise<string | null>
  /** For so many milliseconds at most. Nobody waits for it, and it may fail in silence. */
  put(key: string, text: string, lifetime: number): void
}
