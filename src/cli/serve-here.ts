// How does this process serve, from its first connection to its last?
import { toNodeListener } from '../adapters/node.ts'
import { openLogger } from '../drivers/node/console-logger.ts'
import type { RunningServer } from '../drivers/node/server.ts'
import { startServer } from '../drivers/node/server.ts'
import type { Serving } from './fleet.ts'
import type { Io } from './io.ts'
import { createProbes } from './probes.ts'
import { Refusal } from './refusal.ts'
import type { Settings } from './settings.ts'
import { wait } from './wait.ts'
import type { Reason } from './worker-process.ts'

/** Milliseconds for which a worker that others have replaced still answers on idle connections. */
const RETIRED_LINGER = 5000

/** Who says when it ends, and hears that it has begun. */
export interface Master {
  /** `stop`: load balancers have to know. `retire`: others serve the same port, so they need not. */
  readonly ending: Promise<Reason>
  /** Resolves when it shall end without waiting. */
  readonly hurry: Promise<void>
  serves(serving: Serving): void
}

/** Milliseconds. */
export interface Limits {
  /** After a signal it still accepts for so long. */
  readonly drain: number
  /** Then requests may take so long. */
  readonly grace: number
  /** For passwords; all that there are where nothing else serves here. */
  readonly threads?: number
}

export async function serveHere(
  io: Io,
  { options, server: settings }: Settings,
  { drain, grace, threads }: Limits,
  { ending, hurry, serves }: Master,
): Promise<void> {
  const { createAuth } = await import('../index.ts')
  const auth = await createAuth({
    ...options,
    database: settings.database,
    redis: settings.redis,
    logger: await openLogger(settings.logLevel),
    ...(threads && { passwordThreads: threads }),
  })
  try {
    const probes = createProbes(auth)
    const server = await startServer(toNodeListener(auth, probes.answer), settings)
    serves({ origin: auth.config.origin, address: addressOf(settings.host, server.port) })
    const why = await ending
    if (why === 'stop') {
      probes.stop()
      await Promise.race([wait(io, drain), hurry])
    }
    if (!(await endRequests(server, grace, why, hurry)))
      throw new Refusal('no', 'some requests took too long to wait for, and were broken off')
  } finally {
    await auth.close()
  }
}

/** Says whether all had their answers. Where others serve already, nothing hurries idle connections. */
function endRequests(
  server: RunningServer,
  grace: number,
  why: Reason,
  hurry: Promise<unknown>,
): Promise<boolean> {
  const stopped = why === 'retire' ? server.stop(grace, RETIRED_LINGER) : server.stop(grace)
  return Promise.race([stopped, hurry.then(() => server.stop(0))])
}

function addressOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
