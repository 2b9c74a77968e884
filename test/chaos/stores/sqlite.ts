// How do nodes share one SQLite file, and who can hold it up?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import type { Stores } from './stores.ts'

export async function openSqlite(): Promise<Stores> {
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-chaos-'))
  const file = join(folder, 'chaos.db')
  return {
    env: () => ({ LOCKJAR_DATABASE_URL: `sqlite:${file}` }),
    faults: {
      // Somebody else writes, and takes their time.
      async 'database locked'(duration) {
        const database = new DatabaseSync(file, { timeout: 0 })
        while (!tryToLock(database)) await pause(1)
        const start = performance.now()
        await pause(duration)
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

function tryToLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN IMMEDIATE')
    return true
  } catch {
    return false
  }
}
