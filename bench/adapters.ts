// What does an adapter cost? A framework that answers without Lockjar, against the same behind it: for a visitor, and for a user.
import { signIn } from './guard.ts'
import type { Target } from './load.ts'
import { generateLoad } from './load.ts'
import type { Report } from './report.ts'
import { lowerBoundOfMedian, quantile, ratio } from './report.ts'
import type { Group } from './servers.ts'
import { startGroup } from './servers.ts'

const FRAMEWORKS = ['express', 'fastify', 'hono']
const ROUNDS = 16
/** Seconds. */
const ROUND = 1
const WARM_UP = 2

type Row = readonly [what: string, value: string]

export async function measureAdapters(): Promise<Report> {
  const rows: Row[] = []
  for (const framework of FRAMEWORKS) rows.push(...(await measure(framework)))
  return {
    title: `Adapters: processor time of a framework alone, divided by that behind Lockjar; one processor, ${ROUNDS} interleaved rounds`,
    rows,
    notes: [
      'Median, and the lower bound of it (95 %). A visitor sends no credential; a user sends the four cookies of a session, to the framework alone too.',
      'Target: at least 0.95.',
    ],
  }
}

async function measure(framework: string): Promise<readonly Row[]> {
  const options = { count: 1, processor: 0, entry: 'framework-server.ts' }
  const env = { BENCH_FRAMEWORK: framework }
  const bare = await startGroup({ ...options, env: { ...env, BENCH_FLOOR: 'yes' } })
  const behind = await startGroup({ ...options, env })
  try {
    const host = new URL(behind.origin).host
    const visitor = { host, cookie: '', path: '/open' }
    const user = { host, cookie: await signIn(behind), path: '/' }
    return [
      [`${framework}, a visitor`, await compare(bare, behind, visitor)],
      [`${framework}, a user`, await compare(bare, behind, user)],
    ]
  } finally {
    await Promise.all([bare.stop(), behind.stop()])
  }
}

async function compare(bare: Group, behind: Group, request: Omit<Target, 'port'>): Promise<string> {
  for (const group of [bare, behind]) await spend(group, request, WARM_UP)
  const ratios: number[] = []
  for (let n = 0; n < ROUNDS; n++) {
    // Whoever is second in one round is first in the next.
    const order = n % 2 ? [behind, bare] : [bare, behind]
    const spent = new Map<Group, number>()
    for (const group of order) spent.set(group, await spend(group, request, ROUND))
    ratios.push((spent.get(bare) ?? Number.NaN) / (spent.get(behind) ?? Number.NaN))
  }
  return `${ratio(quantile(ratios, 0.5))}, ${ratio(lowerBoundOfMedian(ratios))}`
}

/** Milliseconds of processor time for each request: says the same on a busy machine. */
async function spend(
  { servers: [server] }: Group,
  request: Omit<Target, 'port'>,
  seconds: number,
): Promise<number> {
  if (!server) throw new Error('no server')
  const before = await server.order('processorTime')
  const { answered } = await generateLoad({ ...request, port: server.port }, seconds)
  return ((await server.order('processorTime')) - before) / answered
}
