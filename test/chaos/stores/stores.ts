// What do the nodes share, and what can happen to it?
import type { Inject } from '../faults.ts'
import type { FaultKind } from '../history.ts'

export interface Stores {
  /** Environment variables of one node. */
  env(node: number): Readonly<Record<string, string>>
  readonly faults: Partial<Record<FaultKind, Inject>>
  /** Stops and removes everything. */
  close(): Promise<void>
}

export type OpenStores = (nodes: number) => Promise<Stores>
