// How does a primary start processes that share its port, and how do the two talk? By node:cluster.
import type { Worker as ClusterWorker } from 'node:cluster'
import cluster from 'node:cluster'
import { once } from 'node:events'
import type { End, Order, Serving, Worker } from './fleet.ts'
import { EXIT } from './refusal.ts'

/** What a worker is told at its start; the rest it reads itself, so that what has changed meanwhile holds. */
export interface Begin {
  /** For passwords. */
  readonly threads: number
}

type ToWorker = { readonly begin: Begin } | { readonly order: Order }
type ToPrimary = { readonly listens: true } | { readonly serving: Serving } | { readonly end: End }

/** Of the whole command line, in a worker. */
export const AS_WORKER = '--as-worker'

/** Threads of all workers together are as many as one process would have, and one at least in each. */
export function shareOfThreads(place: number, count: number, all: number): number {
  return Math.max(1, Math.floor(all / count) + (place < all % count ? 1 : 0))
}

/** The same command as this process, as it now is on the disk. Connections are handed to the workers in turn. */
export function startWorker(begin: Begin): Worker {
  cluster.schedulingPolicy = cluster.SCHED_RR
  const args = [...process.argv.slice(2), AS_WORKER]
  cluster.setupPrimary({ args, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const worker = cluster.fork()
  closeForgotten(worker)
  const serving = Promise.withResolvers<Serving>()
  // What is said before it listens would be lost.
  const listens = Promise.withResolvers<void>()
  let told: End | undefined
  worker.on('message', (message: ToPrimary) => {
    if ('listens' in message) listens.resolve()
    else if ('serving' in message) serving.resolve(message.serving)
    else told = message.end
  })
  void listens.promise.then(() => send(worker, { begin }))
  return {
    pid: worker.process.pid,
    serving: serving.promise,
    ended: endOf(worker).then((end) => told ?? end),
    tell: (order) => void listens.promise.then(() => send(worker, { order })),
    kill: () => void worker.process.kill('SIGKILL'),
  }
}

/** As much as is read of what node:cluster and its workers say to each other. */
interface Internal {
  readonly act?: string
  readonly seq?: number
  readonly ack?: number
}

/**
 * A connection that is on its way to a worker as that dies is forgotten by node:cluster, and would stay open without an answer. Here it
 * is closed, as those that had arrived are. Of a Node that says it otherwise nothing is heard, and nothing else changes.
 */
function closeForgotten({ process: child }: ClusterWorker): void {
  const onTheirWay = new Map<number, { close(): void }>()
  const send = child.send.bind(child) as (...given: readonly unknown[]) => boolean
  child.send = (message: Internal, handle?: unknown, ...rest: readonly unknown[]) => {
    if (message.act === 'newconn' && message.seq !== undefined)
      onTheirWay.set(message.seq, handle as { close(): void })
    return send(message, handle, ...rest)
  }
  child.on('internalMessage', ({ ack }: Internal) => {
    if (ack !== undefined) onTheirWay.delete(ack)
  })
  child.once('exit', () => {
    for (const connection of onTheirWay.values()) connection.close()
  })
}

/** One that has gone is told nothing more. */
function send(worker: ClusterWorker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => {})
}

async function endOf(worker: ClusterWorker): Promise<End> {
  // Its last words may come after its end, and are in once the channel is closed.
  const disconnected = once(worker, 'disconnect')
  const [exit, signal] = await Promise.race([
    once(worker, 'exit') as Promise<[number | null, string | null]>,
    once(worker.process, 'error').then((): [null, string] => [null, 'an error before it began']),
  ])
  if (exit === null) return { exit: EXIT.no, line: `a worker was ended by ${signal}` }
  await disconnected
  return { exit, line: `a worker ended with code ${exit}` }
}

/** As it was ordered, or its primary has died: nobody hands it connections any more. */
export type Reason = Exclude<Order, 'hurry'> | 'orphaned'

/** What a worker knows of its primary. */
export interface Primary {
  readonly begin: Promise<Begin>
  /** Resolves with why it shall end. */
  readonly ending: Promise<Reason>
  /** Resolves when it shall end without waiting. */
  readonly hurry: Promise<void>
  serves(serving: Serving): void
  /** Rejects where nobody hears it. */
  fails(end: End): Promise<void>
  /** The process may end now. */
  leave(): void
}

/** `null`: no primary started this process. */
export function openPrimary(): Primary | null {
  const { worker } = cluster
  if (!worker) return null
  const [begin, ending, hurry] = [
    Promise.withResolvers<Begin>(),
    Promise.withResolvers<Reason>(),
    Promise.withResolvers<void>(),
  ]
  begin.promise.catch(() => {})
  process.on('message', (message: ToWorker) => {
    if ('begin' in message) begin.resolve(message.begin)
    else if (message.order === 'hurry') hurry.resolve()
    else ending.resolve(message.order)
  })
  worker.once('disconnect', () => {
    // Or Node would end the process in this moment, whatever is under way.
    worker.exitedAfterDisconnect = true
    begin.reject(new Error('the primary has gone'))
    ending.resolve('orphaned')
  })
  const tell = (message: ToPrimary): Promise<void> =>
    new Promise((resolve, reject) => {
      worker.send(message, (error) => (error ? reject(error) : resolve()))
    })
  void tell({ listens: true }).catch(() => {})
  return {
    begin: begin.promise,
    ending: ending.promise,
    hurry: hurry.promise,
    serves: (serving) => void tell({ serving }).catch(() => {}),
    fails: (end) => tell({ end }),
    leave() {
      if (worker.isConnected()) worker.disconnect()
    },
  }
}
