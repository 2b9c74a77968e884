// Does a path cost more where there are many more users? `npm run bench:scale`; `npm run bench -- scale` with fewer of them.
import { parseArgs } from 'node:util'
import { openProcess } from '../../src/cli/process.ts'
import { createProgress } from '../../src/cli/progress.ts'
import type { Report } from '../report.ts'
import { describeMachine, print, quantile } from '../report.ts'
import type { Filled, Place } from './databases.ts'
import { inPostgres, inSqlite } from './databases.ts'
import type { Path } from './paths.ts'
import { createPaths } from './paths.ts'

const ROUNDS = 30
/** By turns, so that what else the machine does meets both. */
const WARM_UP = 3

export interface ScaleOptions {
  readonly small: number
  readonly large: number
  readonly stores: readonly string[]
}

export async function measureScale({ small, large, stores }: ScaleOptions): Promise<readonly Report[]> {
  const open: Readonly<Record<string, () => Place | Promise<Place>>> = {
    sqlite: inSqlite,
    postgres: inPostgres,
  }
  const reports: Report[] = []
  for (const name of stores) {
    const place = await open[name]?.()
    if (!place) throw new Error(`--store is sqlite, postgres or both, not ${name}`)
    try {
      reports.push(await compare(place, small, large))
    } finally {
      await place.remove()
    }
  }
  return reports
}

async function compare(place: Place, small: number, large: number): Promise<Report> {
  const few = await fill(place, small)
  const began = performance.now()
  const many = await fill(place, large)
  const minutes = (performance.now() - began) / 60_000
  const rows: [string, string][] = []
  for (const path of createPaths()) {
    const [one, other] = await measure(path, [few, small], [many, large])
    rows.push([path.name, `${show(one)}  ${show(other)}  x ${(other / one).toFixed(2)}`])
  }
  for (const [table, bytes] of await many.sizes())
    rows.push([
      `${table}, with its indexes`,
      `${Math.round(bytes / large)} bytes a row, ${(bytes / 2 ** 30).toFixed(2)} GB`,
    ])
  const count = (n: number): string => n.toLocaleString('en')
  return {
    title: `${place.name}: time of a path with ${count(small)} and with ${count(large)} users and as many sessions`,
    rows,
    notes: [
      `The median of ${ROUNDS} rounds by turns, each for users chosen at random, one call after the other. Filled in ${minutes.toFixed(1)} minutes.`,
      'Rotations, new sessions, tries and revocations wait for their commit on the disk.',
    ],
  }
}

async function fill(place: Place, users: number): Promise<Filled> {
  const progress = createProgress(openProcess(), `${place.name}, ${users.toLocaleString('en')} users`, users)
  try {
    return await place.fill(users, progress.update)
  } finally {
    progress.close()
  }
}

type World = readonly [filled: Filled, users: number]

/** Milliseconds of one call, for each of the two. */
async function measure(path: Path, ...worlds: readonly [World, World]): Promise<readonly [number, number]> {
  const times: [number[], number[]] = [[], []]
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [at, [{ store }, users]] of worlds.entries()) {
      const mean = await timeOf(path, store, users)
      if (round >= 0) times[at]?.push(mean)
    }
  }
  return [quantile(times[0], 0.5), quantile(times[1], 0.5)]
}

async function timeOf({ time, times }: Path, store: Filled['store'], users: number): Promise<number> {
  let sum = 0
  for (let at = 0; at < times; at++) sum += await time(store, 1 + Math.floor(Math.random() * users))
  return sum / times
}

const show = (milliseconds: number): string => `${milliseconds.toFixed(3)} ms`.padStart(10)

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      small: { type: 'string', default: '100000' },
      large: { type: 'string', default: '10000000' },
      store: { type: 'string', default: 'both' },
    },
  })
  const stores = values.store === 'both' ? ['sqlite', 'postgres'] : [values.store]
  const machine = describeMachine()
  for (const report of await measureScale({
    small: Number(values.small),
    large: Number(values.large),
    stores,
  }))
    print(machine, report)
  process.exit(0)
}
