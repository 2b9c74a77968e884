// How are commands served that come from another thread? All that are queued, in one transaction, and then the answers.
import type { MessagePort } from 'node:worker_threads'
import { receiveMessageOnPort } from 'node:worker_threads'
import { AuthError, type AuthErrorFacts, type ErrorCode } from '../../errors.ts'
import type { Outcome } from './batch.ts'
import { runBatch } from './batch.ts'
import type { Connection } from './connection.ts'
import type { Stores } from './stores.ts'
import { createStores } from './stores.ts'

/** One call of a port. */
export interface Command {
  readonly id: number
  readonly part: keyof Stores
  readonly method: string
  readonly args: readonly unknown[]
  /** When it was called, by the store's clock, which stays with the caller. */
  readonly now: number
}

/** After it nothing is served any more. */
export type End = 'end'

/** An `AuthError` goes in pieces, for a copy between threads would lose its class. */
export type Answer = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly error: unknown }
  | { readonly refusal: { readonly code: ErrorCode; readonly facts: AuthErrorFacts } }
)

/** Commands in one transaction: enough to share a commit, few enough that the first does not wait long for the last. */
const LARGEST_BATCH = 256

export function serveCommands(port: MessagePort, connection: Connection): void {
  let now = 0
  const stores = createStores(connection, { now: () => now })

  const toCall = (command: Command) => (): Promise<unknown> => {
    now = command.now
    const part = stores[command.part] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
    const method = part[command.method]
    if (!method) throw new TypeError(`lockjar: no command ${command.part}.${command.method}`)
    return method(...command.args)
  }

  port.on('message', async (first: Command | End) => {
    const batch: Command[] = []
    let next: Command | End | undefined = first
    while (next !== undefined && next !== 'end') {
      batch.push(next)
      next = batch.length < LARGEST_BATCH ? take(port) : undefined
    }
    const outcomes = await runBatch(connection, batch.map(toCall))
    const [outcome] = outcomes
    if (outcome && 'error' in outcome && outcome.begun === false) next = refuseQueued(port, batch, next)
    port.postMessage(batch.map(({ id }, at) => toAnswer(id, outcomes[at] ?? outcome)))
    if (next !== 'end') return
    connection.close()
    port.close()
  })
}

/**
 * The file could not be had for as long as one may wait. Whoever came meanwhile has waited too, and is told with the others, rather
 * than after as long again for each batch before theirs.
 */
function refuseQueued(port: MessagePort, batch: Command[], last: Command | End | undefined): End | undefined {
  let next = last === 'end' ? last : take(port)
  while (next !== undefined && next !== 'end') {
    batch.push(next)
    next = take(port)
  }
  return next
}

function take(port: MessagePort): Command | End | undefined {
  return (receiveMessageOnPort(port) as { message: Command | End } | undefined)?.message
}

function toAnswer(id: number, outcome: Outcome<unknown> | undefined): Answer {
  if (outcome && 'value' in outcome) return { id, value: outcome.value }
  const error = outcome?.error
  return error instanceof AuthError
    ? { id, refusal: { code: error.code, facts: error.facts } }
    : { id, error }
}
