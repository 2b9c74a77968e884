// How does a test come by a real Redis of its own, or a Cluster, or one that fails over?
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import { findRedis } from '../../scripts/find-redis.mjs'
import { freePort } from './demo.ts'

export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Of a client that is no part of what is tested; ended with the server. */
  readonly client: Redis
  /** SIGKILL: no time for anything. What it held is gone. */
  kill(): Promise<void>
  /** After `kill`, on the same port, empty. */
  start(): Promise<void>
  /** SIGSTOP: connections stay, and nothing is answered. */
  stall(): void
  /** Goes on where it was stalled. */
  resume(): void
  /** Ends it for good. */
  remove(): Promise<void>
}

/** Whatever becomes of a test, no server outlives it. */
const running = new Set<ChildProcess>()
const folders = new Set<string>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** `args`: settings as on the command line, such as `--maxmemory 1mb`. Takes about 50 ms. */
export async function startRedis(args: readonly string[] = []): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-redis-'))
  folders.add(folder)
  const port = await freePort()
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  let child: ChildProcess
  const start = async (): Promise<void> => {
    child = await run([...own, '--dir', folder, ...args], folder)
  }
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  await start()
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null })
  client.on('error', () => {})
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    client,
    start,
    kill: end,
    stall: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async remove() {
      client.disconnect()
      await end()
      rmSync(folder, { recursive: true, force: true })
      folders.delete(folder)
    },
  }
}

/** Resolves once it answers; rejects with what it printed where it ends before. */
async function run(args: readonly string[], cwd: string): Promise<ChildProcess> {
  const program = findRedis()
  if (program === null)
    throw new Error('the tests need Redis: npm test installs it, or LOCKJAR_REDIS_SERVER names it')
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  const printed: string[] = []
  const ready = Promise.withResolvers<void>()
  child.once('exit', () => {
    running.delete(child)
    ready.reject(new Error(`Redis ended: ${printed.join('\n')}`))
  })
  createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
    if (printed.length < 50) printed.push(line)
    // A sentinel says only who it is.
    if (/Ready to accept connections|Sentinel ID is/.test(line)) ready.resolve()
  })
  await ready.promise
  return child
}

export interface RedisCluster {
  readonly masters: readonly RedisServer[]
  /** A client as an application makes it. */
  connect(): Cluster
  remove(): Promise<void>
}

const SLOTS = 16_384

/** Three masters, each with a third of the slots. Takes about two seconds. */
export async function startCluster(): Promise<RedisCluster> {
  const masters = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const bus = await freePort()
      return startRedis([
        '--cluster-enabled',
        'yes',
        '--cluster-port',
        String(bus),
        '--cluster-node-timeout',
        '1000',
      ])
    }),
  )
  const [first] = masters
  if (!first) throw new Error('no master')
  for (const [n, { client, port }] of masters.entries()) {
    const [from, to] = [Math.floor((n * SLOTS) / 3), Math.floor(((n + 1) * SLOTS) / 3) - 1]
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1)
    if (client !== first.client)
      await first.client.call('CLUSTER', 'MEET', '127.0.0.1', port, await busOf(client))
  }
  for (const { client } of masters) {
    const isWhole = async (): Promise<boolean> => {
      const info = String(await client.call('CLUSTER', 'INFO'))
      return /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info)
    }
    while (!(await isWhole())) await pause(20)
  }
  const clients: Cluster[] = []
  return {
    masters,
    connect() {
      const cluster = new Cluster(
        masters.map(({ port }) => ({ host: '127.0.0.1', port })),
        { lazyConnect: true },
      )
      cluster.on('error', () => {})
      clients.push(cluster)
      return cluster
    },
    async remove() {
      for (const each of clients) each.disconnect()
      await Promise.all(masters.map((each) => each.remove()))
    },
  }
}

async function busOf(client: Redis): Promise<number> {
  const [, port] = (await client.call('CONFIG', 'GET', 'cluster-port')) as string[]
  return Number(port)
}

export interface RedisSentinel {
  readonly master: RedisServer
  readonly replica: RedisServer
  /** A client as an application makes it: it asks the sentinel who the master is. */
  connect(): Redis
  remove(): Promise<void>
}

const GROUP = 'lockjar'

/** A master, its replica, and one sentinel that makes the replica master a second after the master is gone. */
export async function startSentinel(): Promise<RedisSentinel> {
  const master = await startRedis(['--repl-diskless-sync-delay', '0'])
  const replica = await startRedis(['--replicaof', '127.0.0.1', String(master.port)])
  const isReplicating = async (): Promise<boolean> =>
    String(await replica.client.info('replication')).includes('master_link_status:up')
  while (!(await isReplicating())) await pause(20)
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-sentinel-'))
  folders.add(folder)
  const port = await freePort()
  const file = join(folder, 'sentinel.conf')
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${GROUP} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${GROUP} 500`,
      `sentinel failover-timeout ${GROUP} 3000`,
    ].join('\n'),
  )
  const sentinel = await run([file, '--sentinel'], folder)
  const clients: Redis[] = []
  return {
    master,
    replica,
    connect() {
      const client = new Redis({
        sentinels: [{ host: '127.0.0.1', port }],
        name: GROUP,
        lazyConnect: true,
        retryStrategy: () => 50,
        sentinelRetryStrategy: () => 50,
      })
      client.on('error', () => {})
      clients.push(client)
      return client
    },
    async remove() {
      for (const each of clients) each.disconnect()
      sentinel.kill('SIGKILL')
      await Promise.all([master.remove(), replica.remove()])
      rmSync(folder, { recursive: true, force: true })
      folders.delete(folder)
    },
  }
}
