// What does it cost to say who sent a request? Against bare `node:http` that answers the same bytes.
import { PASSWORD } from '../test/support/auth.ts'
import { ProcessVisitor } from '../test/support/processes.ts'
import { generateLoad } from './load.ts'
import type { Report } from './report.ts'
import { lowerBoundOfMedian, perSecond, quantile, ratio } from './report.ts'
import type { Group } from './servers.ts'
import { startGroup } from './servers.ts'

const ROUNDS = 24
/** Seconds. */
const ROUND = 1
const WARM_UP = 3

/** What one server did in one round. */
interface Lap {
  readonly rate: number
  /** Milliseconds of processor time for each request: says the same on a busy machine. */
  readonly spent: number
}

export async function measureGuard(): Promise<Report> {
  const bare = await startGroup({ count: 1, processor: 0, env: { BENCH_FLOOR: 'yes' } })
  const guarded = await startGroup({ count: 1, processor: 0 })
  try {
    const request = { host: new URL(guarded.origin).host, cookie: await signIn(guarded) }
    const lap = async ({ servers: [server] }: Group, seconds: number): Promise<Lap> => {
      if (!server) throw new Error('no server')
      const before = await server.order('processorTime')
      const { rate, answered } = await generateLoad({ ...request, port: server.port }, seconds)
      return { rate, spent: ((await server.order('processorTime')) - before) / answered }
    }
    for (const group of [bare, guarded]) await lap(group, WARM_UP)
    const rounds: { readonly floor: Lap; readonly guard: Lap }[] = []
    for (let n = 0; n < ROUNDS; n++) {
      // Whoever is second in one round is first in the next.
      const order = n % 2 ? [guarded, bare] : [bare, guarded]
      const laps = new Map<Group, Lap>()
      for (const group of order) laps.set(group, await lap(group, ROUND))
      const [floor, guard] = [laps.get(bare), laps.get(guarded)]
      if (floor && guard) rounds.push({ floor, guard })
    }
    return report(
      rounds.map(({ floor }) => floor),
      rounds.map(({ guard }) => guard),
    )
  } finally {
    await Promise.all([bare.stop(), guarded.stop()])
  }
}

function report(floor: readonly Lap[], guard: readonly Lap[]): Report {
  const rates = guard.map(({ rate }, n) => rate / (floor[n]?.rate ?? Number.NaN))
  const costs = guard.map(({ spent }, n) => (floor[n]?.spent ?? Number.NaN) / spent)
  const median = (values: readonly number[]): number => quantile(values, 0.5)
  return {
    title: `Guard: authenticated GET by light authenticate on node:http, one processor, ${ROUNDS} interleaved rounds`,
    rows: [
      ['bare node:http, median', perSecond(median(floor.map(({ rate }) => rate)))],
      ['authenticated, median', perSecond(median(guard.map(({ rate }) => rate)))],
      [
        '  ratio: median, lower bound of it (95 %)',
        `${ratio(median(rates))}, ${ratio(lowerBoundOfMedian(rates))}`,
      ],
      ['  ratio by processor time: the same', `${ratio(median(costs))}, ${ratio(lowerBoundOfMedian(costs))}`],
      ['  worst and best round', `${ratio(Math.min(...rates))}, ${ratio(Math.max(...rates))}`],
    ],
    notes: [
      'Target: median at least 0.95, its lower bound at least 0.90. Both servers are sent the same bytes and answer the same.',
      'On a machine that has other work the rates are what the others leave; processor time is then the better witness.',
    ],
  }
}

export async function signIn({ origin, servers }: Group): Promise<string> {
  const visitor = new ProcessVisitor(origin)
  const [server] = servers
  if (!server) throw new Error('no server')
  const { status } = await visitor.send(server, 'POST', '/auth/register', {
    email: 'ada@example.com',
    password: PASSWORD,
  })
  if (status !== 201) throw new Error(`register: ${status}`)
  return visitor.cookies('/')
}
