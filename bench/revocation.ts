// How long after a sign-out is acknowledged is the session still accepted by other processes on the file?
import { setTimeout as pause } from 'node:timers/promises'
import { PASSWORD } from '../test/support/auth.ts'
import { ProcessVisitor } from '../test/support/processes.ts'
import type { Report } from './report.ts'
import { milliseconds, quantile } from './report.ts'
import type { Group, Measured } from './servers.ts'
import { startGroup } from './servers.ts'

const PROCESSES = 4
const REVOCATIONS = 200
/** Milliseconds for which the processes are left alone, first to settle, then to see what they cost meanwhile. */
const SETTLE = 3000
const IDLE = 5000
/** Milliseconds between two requests to one process, so that asking does not keep it from answering. */
const BETWEEN = 1
/** Milliseconds; far beyond the promise. Whoever is still accepted then makes the measurement fail. */
const LONGEST = 5000

export async function measureRevocation(): Promise<Report> {
  const group = await startGroup({ count: PROCESSES })
  try {
    const idle = await measureIdle(group.servers)
    const latencies: number[] = []
    for (let n = 0; n < REVOCATIONS; n++) {
      latencies.push(...(await revokeOne(group, n)))
      // Not in step with anybody's poll.
      await pause(Math.random() * 100)
    }
    return {
      title: `Revocation: from the acknowledged sign-out to the first refusal on each of ${PROCESSES - 1} other processes`,
      rows: [
        ['revocations, samples', `${REVOCATIONS}, ${latencies.length}`],
        ...[0.5, 0.95, 0.99].map(
          (share) => [`p${share * 100}`, milliseconds(quantile(latencies, share))] as const,
        ),
        ['max', milliseconds(Math.max(...latencies))],
        ['processor time of an idle process', `${milliseconds(idle)} per second`],
      ],
      notes: [
        'Target: p99 under 100 ms, never over the 2 s bound.',
        `Each process is asked again ${BETWEEN} ms after its answer; counted is the time of the refusal, seen by the one who asks.`,
      ],
    }
  } finally {
    await group.stop()
  }
}

/** Signs a fresh user in, shows the session to all, signs out at one, and asks the others until they refuse. */
async function revokeOne({ origin, servers }: Group, n: number): Promise<readonly number[]> {
  const acting = servers[n % servers.length]
  if (!acting) return []
  const others = servers.filter((each) => each !== acting)
  const visitor = new ProcessVisitor(origin)
  await expectStatus(
    201,
    visitor.send(acting, 'POST', '/auth/register', { email: `u${n}@example.com`, password: PASSWORD }),
  )
  await Promise.all(others.map((each) => expectStatus(200, visitor.send(each, 'GET', '/'))))
  const copy = visitor.copy()
  await expectStatus(204, visitor.send(acting, 'POST', '/auth/logout'))
  const acknowledged = performance.now()
  return Promise.all(others.map((each) => untilRefused(copy, each, acknowledged)))
}

async function untilRefused(visitor: ProcessVisitor, at: Measured, acknowledged: number): Promise<number> {
  for (;;) {
    const { status } = await visitor.send(at, 'GET', '/')
    const passed = performance.now() - acknowledged
    if (status === 401) return passed
    if (passed > LONGEST) throw new Error(`still accepted after ${LONGEST} ms`)
    await pause(BETWEEN)
  }
}

async function expectStatus(wanted: number, reply: Promise<{ readonly status: number }>): Promise<void> {
  const { status } = await reply
  if (status !== wanted) throw new Error(`status ${status} where ${wanted} was expected`)
}

/** Milliseconds of processor time per second and process. */
async function measureIdle(servers: readonly Measured[]): Promise<number> {
  const used = async (): Promise<number> => {
    const times = await Promise.all(servers.map((each) => each.order('processorTime')))
    return times.reduce((sum, time) => sum + time, 0)
  }
  await pause(SETTLE)
  const before = await used()
  await pause(IDLE)
  return ((await used()) - before) / servers.length / (IDLE / 1000)
}
