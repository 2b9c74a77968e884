// Does a storm on several nodes keep every promise while nodes and stores fail? The short form of `npm run chaos`.
import { expect, it } from 'vitest'
import type { FaultKind } from './history.ts'
import { describe as tell } from './report.ts'
import { runChaos } from './run.ts'
import { openPostgres } from './stores/postgres.ts'
import { openSqlite } from './stores/sqlite.ts'
import type { OpenStores } from './stores/stores.ts'

interface Storm {
  readonly what: string
  readonly open: OpenStores
  readonly faults: readonly FaultKind[]
  readonly seconds: number
}

/** Faults are cut short, so that each has its turn. */
const LONGEST_FAULT = 3000
/** Another storm each day, so that many are tried; whoever wants one again is told its seed. */
const SEED = Math.floor(Date.now() / 86_400_000)

const STORMS: readonly Storm[] = [
  {
    what: 'three nodes on one PostgreSQL, with one Redis,',
    open: openPostgres,
    faults: ['kill', 'pause', 'database stopped', 'database cut', 'redis gone'],
    seconds: 13,
  },
  {
    what: 'three nodes on one SQLite file',
    open: openSqlite,
    faults: ['kill', 'pause', 'database locked'],
    seconds: 10,
  },
]

it.each(STORMS)(
  '$what lose nothing in a storm of requests and faults',
  async (storm) => {
    const stores = await storm.open(3)
    try {
      const { faults, seconds } = storm
      const sizes = { nodes: 3, people: 6, browsers: 2 }
      const options = { seed: SEED, seconds, stores, faults, longestFault: LONGEST_FAULT, ...sizes }
      const { history, violations, latencies } = await runChaos(options)
      expect(violations, tell(history, violations, latencies)).toEqual([])
      // The faults were felt, and people were served all the same.
      expect(new Set(history.faults.map(({ kind }) => kind))).toEqual(new Set(faults))
      const outcomes = new Set(history.operations.map(({ outcome }) => outcome))
      expect(outcomes).toEqual(new Set(['ok', 'failed', 'unknown']))
    } finally {
      await stores.close()
    }
  },
  300_000,
)
