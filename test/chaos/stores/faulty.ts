// Which faults does a proxy for each node make, whatever stands behind it?
import type { Inject } from '../faults.ts'
import type { HintFilter, ProxyMode, Wire } from '../proxy.ts'
import { openProxy } from '../proxy.ts'

export interface Proxies {
  portOf(node: number): number
  /** The mode for so long, at one node or all. */
  be(mode: ProxyMode): Inject
  close(): void
}

export async function openProxies(nodes: number, target: number, hints: HintFilter): Promise<Proxies> {
  const proxies = await Promise.all(Array.from({ length: nodes }, () => openProxy(target, hints)))
  const at = (node: number): Wire => {
    const proxy = proxies[node]
    if (!proxy) throw new Error('no such node')
    return proxy
  }
  return {
    portOf: (node) => at(node).port,
    be: (mode) => async (lasts, node) => {
      const met = node === null ? proxies : [at(node)]
      for (const proxy of met) proxy.set(mode)
      await lasts()
      for (const proxy of met) proxy.set('open')
      return undefined
    },
    close() {
      for (const proxy of proxies) proxy.close()
    },
  }
}
