// What stands between a node and what it needs, and can be cut, stalled, or made to swallow?
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/**
 * `cut`: connections break, and no new ones are to be had. `stalled`: nothing moves, and nothing is lost. `half-open`: whatever is sent
 * is taken and forgotten, as by a firewall that has lost its table. `hintless`: hints alone are lost.
 */
export type ProxyMode = 'open' | 'cut' | 'stalled' | 'half-open' | 'hintless'

export interface Wire {
  readonly port: number
  set(mode: ProxyMode): void
  close(): void
}

/** For one connection. Of what the far side sends: what is left of it, without hints where they are to be lost. */
export type HintFilter = () => (chunk: Buffer, lost: boolean) => Buffer

interface Pair {
  readonly near: Socket
  readonly far: Socket
  /** Something was swallowed: what comes next makes no sense to either side. */
  torn: boolean
}

/** TCP, on a free port of this machine. */
export async function openProxy(target: number, withoutHints: HintFilter): Promise<Wire> {
  let mode: ProxyMode = 'open'
  const pairs = new Set<Pair>()

  const join = (near: Socket): void => {
    const far = connect(target, '127.0.0.1')
    const pair: Pair = { near, far, torn: false }
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      near.destroy()
      far.destroy()
    }
    const filter = withoutHints()
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true)
      from.on('error', end)
      // One that swallows does not tell the one side that the other has gone.
      from.on('close', () => {
        if (mode === 'half-open') pair.torn = true
        else end()
      })
      from.on('data', (chunk: Buffer) => {
        if (mode === 'half-open') pair.torn = true
        else {
          const left = from === far ? filter(chunk, mode === 'hintless') : chunk
          if (left.length > 0) to.write(left)
        }
      })
    }
    if (mode === 'stalled') for (const each of [near, far]) each.pause()
  }

  const server = createServer((near) => {
    near.on('error', () => {})
    if (mode === 'cut') near.destroy()
    else join(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  const endAll = (which: (pair: Pair) => boolean): void => {
    for (const pair of [...pairs].filter(which)) {
      pairs.delete(pair)
      pair.near.destroy()
      pair.far.destroy()
    }
  }
  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      if (mode === 'half-open') endAll(({ torn }) => torn)
      mode = next
      if (mode === 'cut') endAll(() => true)
      for (const { near, far } of pairs)
        for (const each of [near, far]) mode === 'stalled' ? each.pause() : each.resume()
    },
    close() {
      server.close()
      endAll(() => true)
    },
  }
}
