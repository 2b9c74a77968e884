// How long after a sign-out is acknowledged at one node do the others still accept the session, with hints and without?
import { setTimeout as pause } from 'node:timers/promises'
import { ProcessVisitor } from '../support/processes.ts'
import type { ChaosNode } from './nodes.ts'
import { textOf } from './people.ts'
import type { Stores } from './stores/stores.ts'

export interface Latencies {
  /** Milliseconds, one for each revocation and each other node. */
  readonly hinted: readonly number[]
  /** `null`: these stores have no hints that could be lost. */
  readonly hintless: readonly number[] | null
}

/** Milliseconds between two requests to one node. */
const BETWEEN = 2
/** Milliseconds; far beyond the promise. */
const LONGEST = 5000

export async function measureLatencies(
  nodes: readonly ChaosNode[],
  stores: Stores,
  count: number,
  origin: string,
): Promise<Latencies> {
  let users = 0
  const measure = async (): Promise<readonly number[]> => {
    const all: number[] = []
    for (let n = 0; n < count; n++) {
      all.push(...(await revokeOne(nodes, origin, users++)))
      // Not in step with anybody's poll.
      await pause(Math.random() * 200)
    }
    return all
  }
  const hinted = await measure()
  let hintless: readonly number[] | null = null
  await stores.faults['hints lost']?.(async () => {
    hintless = await measure()
  }, null)
  return { hinted, hintless }
}

async function revokeOne(nodes: readonly ChaosNode[], origin: string, n: number): Promise<readonly number[]> {
  const acting = nodes[n % nodes.length]
  if (!acting) return []
  const visitor = new ProcessVisitor(origin)
  const options = { headers: { 'x-forwarded-for': `10.200.${n >> 8}.${n & 255}` } }
  const body = { email: `latency${n}@people.example`, password: textOf('latency') }
  const { status } = await visitor.send(acting, 'POST', '/auth/register', body, options)
  if (status !== 201) throw new Error(`registration was answered ${status}`)
  for (const node of nodes) await visitor.send(node, 'GET', '/')
  const copy = visitor.copy()
  const ended = await visitor.send(acting, 'POST', '/auth/logout')
  const acknowledged = performance.now()
  if (ended.status !== 204) throw new Error(`sign-out was answered ${ended.status}`)
  const others = nodes.filter((node) => node !== acting)
  return Promise.all(others.map((node) => untilRefused(copy, node, acknowledged)))
}

async function untilRefused(visitor: ProcessVisitor, node: ChaosNode, acknowledged: number): Promise<number> {
  for (;;) {
    const { status } = await visitor.send(node, 'GET', '/')
    const passed = performance.now() - acknowledged
    if (status === 401) return passed
    if (passed > LONGEST) throw new Error(`still accepted after ${LONGEST} ms`)
    await pause(BETWEEN)
  }
}
