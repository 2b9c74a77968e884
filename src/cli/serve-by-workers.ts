// How do several processes serve one port, led by this one?
import type { ServerOptions } from '../config/env.ts'
import { openLogger } from '../drivers/node/console-logger.ts'
import type { Fleet } from './fleet.ts'
import { createFleet } from './fleet.ts'
import type { Io } from './io.ts'
import { say } from './io.ts'
import type { Limits } from './serve-here.ts'
import { listenForStop } from './wait.ts'
import { shareOfThreads, startWorker } from './worker-process.ts'

/** Milliseconds for what a worker does after its last answer: mails on their way have ten seconds. */
const CLOSE_LIMIT = 15_000

/** What all workers need is in the hands of each; the primary holds the port, and no database. */
export async function serveByWorkers(
  io: Io,
  limits: Limits,
  settings: ServerOptions,
  count: number,
): Promise<void> {
  const { ALL_THREADS } = await import('../drivers/node/password-pool.ts')
  const fleet = createFleet({
    count,
    start: (place) => startWorker({ threads: shareOfThreads(place, count, ALL_THREADS) }),
    restarted: () => say(io, `lockjar has ${nameWorkers(count, 'new ')}`),
    clock: io.clock,
    logger: await openLogger(settings.logLevel),
    stopLimit: limits.drain + limits.grace + CLOSE_LIMIT,
  })
  const stop = listenForStop(io)
  void stop.second.then(() => fleet.hurry())
  const forgetRestart = io.onRestart(() => fleet.restart())
  const release = io.hold()
  try {
    const refusal = await lead(io, fleet, stop.first, count)
    await fleet.stop().catch((error: unknown) => {
      throw refusal ?? error
    })
    if (refusal) throw refusal
  } finally {
    release()
    forgetRestart()
    stop.forget()
  }
}

/** Resolves when it is time to stop: with why, where nobody asked for it. */
async function lead(io: Io, fleet: Fleet, stopped: Promise<void>, count: number): Promise<Error | undefined> {
  try {
    const serving = await Promise.race([fleet.start(), stopped])
    if (!serving) return undefined
    say(io, `lockjar serves ${serving.origin} on ${serving.address} with ${nameWorkers(count)}`)
    return (await Promise.race([stopped, fleet.gaveUp])) ?? undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

const nameWorkers = (count: number, kind = ''): string => `${count} ${kind}worker${count === 1 ? '' : 's'}`
