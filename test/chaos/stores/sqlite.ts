// How do nodes share one SQLite file, with a Redis or without, and who can hold it up?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { openRedisStores } from './redis.ts'
import type { Stores } from './stores.ts'

export async function openSqlite(): Promise<Stores> {
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-chaos-'))
  const file = join(folder, 'chaos.db')
  return {
    env: () => ({ LOCKJAR_DATABASE_URL: `sqlite:${file}` }),
    faults: {
      // Somebody else writes, and takes their time.
      async 'database locked'(lasts) {
        const database = new DatabaseSync(file, { timeout: 0 })
        while (!tryToLock(database)) await pause(1)
        const start = performance.now()
        await lasts()
        database.exec('ROLLBACK')
        database.close()
        return { start }
      },
    },
    async close() {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export async function openSqliteWithRedis(nodes: number): Promise<Stores> {
  const [sqlite, redis] = await Promise.all([openSqlite(), openRedisStores(nodes)])
  return {
    env: (node) => ({ ...sqlite.env(node), ...redis.env(node) }),
    faults: { ...sqlite.faults, ...redis.faults },
    async close() {
      await Promise.all([sqlite.close(), redis.close()])
    },
  }
}

function tryToLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN IMMEDIATE')
    return true
  } catch {
    return false
  }
}
