// What does a second worker bring? The same server with one and with two, in turns.
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { PASSWORD } from '../test/support/auth.ts'
import { createFolder, startCli } from '../test/support/cli.ts'
import { ProcessVisitor } from '../test/support/processes.ts'
import { generateLoad } from './load.ts'
import type { Report } from './report.ts'
import { perSecond, quantile, ratio, strategy } from './report.ts'

const ORIGIN = 'http://localhost:3000'
const ROUNDS = 12
/** Seconds. */
const ROUND = 2
const WARM_UP = 3

interface Server {
  lap(seconds: number): Promise<Lap>
  stop(): Promise<void>
}

interface Lap {
  /** Requests a second. */
  readonly rate: number
  /** Milliseconds of processor time for each request, of all workers; `NaN` where the system does not say. */
  readonly spent: number
}

export async function measureWorkers(): Promise<Report> {
  const [one, two] = [await start(1), await start(2)]
  try {
    for (const server of [one, two]) await server.lap(WARM_UP)
    const laps = new Map<Server, Lap[]>([
      [one, []],
      [two, []],
    ])
    for (let n = 0; n < ROUNDS; n++)
      for (const server of n % 2 ? [two, one] : [one, two]) laps.get(server)?.push(await server.lap(ROUND))
    return report(laps.get(one) ?? [], laps.get(two) ?? [])
  } finally {
    await Promise.all([one.stop(), two.stop()])
  }
}

function report(one: readonly Lap[], two: readonly Lap[]): Report {
  const median = (values: readonly number[]): number => quantile(values, 0.5)
  const rates = two.map(({ rate }, n) => rate / (one[n]?.rate ?? Number.NaN))
  const costs = two.map(({ spent }, n) => (one[n]?.spent ?? Number.NaN) / spent)
  return {
    title: `Workers: GET /auth/me of lockjar serve, strategy ${strategy()}, ${ROUNDS} interleaved rounds of ${ROUND} s`,
    rows: [
      ['one worker, median', perSecond(median(one.map(({ rate }) => rate)))],
      ['two workers, median', perSecond(median(two.map(({ rate }) => rate)))],
      [
        '  ratio: median, worst and best round',
        [median(rates), Math.min(...rates), Math.max(...rates)].map(ratio).join(', '),
      ],
      ['  processor time of a request with one, divided by that with two', ratio(median(costs))],
    ],
    notes: [
      'The load comes from this machine too: with two cores, one of which sends, a second worker has what that one leaves.',
      'Processor time says what sharing costs: 1 where a request costs two workers what it costs one.',
    ],
  }
}

async function start(workers: number): Promise<Server> {
  const cwd = createFolder()
  const child = startCli(['serve', '--workers', String(workers), '--port', '0'], {
    cwd,
    env: { LOCKJAR_BASE_URL: ORIGIN, LOCKJAR_STRATEGY: strategy(), LOCKJAR_LOG_LEVEL: 'info' },
  })
  let log = ''
  child.stderr?.on('data', (chunk) => {
    log += chunk
  })
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer]
  const port = Number(/ on 127\.0\.0\.1:(\d+) /.exec(String(line))?.[1])
  const visitor = new ProcessVisitor(ORIGIN)
  const who = { email: 'ada@example.com', password: PASSWORD }
  const { status } = await visitor.send({ port }, 'POST', '/auth/register', who)
  if (status !== 201) throw new Error(`register: ${status}`)
  const target = { port, host: new URL(ORIGIN).host, cookie: visitor.cookies('/auth/me'), path: '/auth/me' }
  const pids = [...log.matchAll(/"event":"worker\.started","pid":(\d+)/g)].map(([, pid]) => pid ?? '')
  return {
    async lap(seconds) {
      const before = processorTime(pids)
      const { rate, answered } = await generateLoad(target, seconds)
      return { rate, spent: (processorTime(pids) - before) / answered }
    },
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
      rmSync(cwd, { recursive: true, force: true })
    },
  }
}

/** Milliseconds: the 14th and 15th field of proc_pid_stat(5), in ticks of 10 ms. */
function processorTime(pids: readonly string[]): number {
  try {
    return pids.reduce((sum, pid) => {
      const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
      const [user, system] = fields.split(' ').slice(11, 13)
      return sum + (Number(user) + Number(system)) * 10
    }, 0)
  } catch {
    return Number.NaN
  }
}
