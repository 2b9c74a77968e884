// How long does this machine take for a password, with as many threads at work as serve sign-ins?
import { totalmem } from 'node:os'
import { constrainedMemory } from 'node:process'
import type { Argon2Cost } from '../core/password/kdf.ts'
import { ALL_THREADS, createPasswordPool } from '../drivers/node/password-pool.ts'
import type { Clock } from '../ports/clock.ts'
import type { Machine } from './calibrate.ts'

/** The rest is for requests, the database, and whatever else runs here. */
const SHARE_OF_MEMORY = 1 / 4

/** After the first round, which starts the threads and has memory given to them; of cheap ones as many as a second holds. */
const FEWEST_ROUNDS = 3
const MOST_ROUNDS = 15
const ENOUGH = 1000

export function thisMachine(clock: Clock): Machine {
  const threads = ALL_THREADS
  // A container's limit, where there is one; it says an absurd figure where there is none.
  const memory = Math.min(totalmem(), constrainedMemory() || totalmem())
  return { threads, memory: memory * SHARE_OF_MEMORY, measure: (cost) => measure(cost, threads, clock) }
}

/** With the pool that serves sign-ins. The median, for a machine has other work too. */
async function measure(cost: Argon2Cost, threads: number, clock: Clock): Promise<number> {
  const pool = createPasswordPool(cost, clock)
  const round = async (): Promise<number> => {
    const began = clock.monotonic()
    await Promise.all(Array.from({ length: threads }, () => pool.hash('a password of usual length', '')))
    return clock.monotonic() - began
  }
  try {
    await round()
    const times: number[] = []
    const sum = (): number => times.reduce((total, time) => total + time, 0)
    while (times.length < FEWEST_ROUNDS || (times.length < MOST_ROUNDS && sum() < ENOUGH))
      times.push(await round())
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
  } finally {
    await pool.close()
  }
}
