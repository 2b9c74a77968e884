// How does a write leave the event loop and come back durable? Through one thread for each store.
import { Worker } from 'node:worker_threads'
import { AuthError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { ACCESS } from './access.ts'
import type { Answer, Command, End } from './serve-commands.ts'
import type { Stores } from './stores.ts'

export interface Writer {
  /** Resolves with what the command answered once it is durable. In the order of the calls. */
  send(part: keyof Stores, method: string, args: readonly unknown[]): Promise<unknown>
  /** Finishes what was accepted, then ends the thread. */
  close(): Promise<void>
}

export interface WriterParts {
  readonly startThread: () => Worker
  readonly clock: Pick<Clock, 'now'>
}

/** Commands that may wait. Whoever comes after that is told to come back. */
const MOST_WAITING = 4096
/** This thread loads the types of `serve-commands.ts` alone. */
const END: End = 'end'

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** The thread starts at once and nobody waits for it. One that dies is started again by the next command. */
export function createWriter({ startThread, clock }: WriterParts): Writer {
  const waiting = new Map<number, Waiting>()
  let sent = 0
  let thread: Worker | undefined = start()
  let closing: Promise<void> | undefined

  function start(): Worker {
    const worker = startThread()
    let cause: unknown
    worker.on('message', (answers: readonly Answer[]) => {
      for (const answer of answers) settle(answer)
      if (waiting.size === 0 && !closing) worker.unref()
    })
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => {
      thread = undefined
      for (const { reject } of waiting.values()) reject(lost(cause))
      waiting.clear()
    })
    // After the listeners, for listening to messages makes it keep the process alive.
    worker.unref()
    return worker
  }

  const settle = (answer: Answer): void => {
    const { resolve, reject } = waiting.get(answer.id) ?? {}
    waiting.delete(answer.id)
    if ('value' in answer) resolve?.(answer.value)
    else
      reject?.('refusal' in answer ? new AuthError(answer.refusal.code, answer.refusal.facts) : answer.error)
  }

  return {
    send(part, method, args) {
      if (closing) return Promise.reject(refused('The store is closed.'))
      if (waiting.size >= MOST_WAITING) return Promise.reject(refused('Too much is waiting to be written.'))
      return new Promise((resolve, reject) => {
        const command: Command = { id: sent++, part, method, args, now: clock.now() }
        thread ??= start()
        thread.postMessage(command)
        thread.ref()
        waiting.set(command.id, { resolve, reject })
      })
    },
    close() {
      closing ??= new Promise((resolve) => {
        if (!thread) return resolve()
        thread.once('exit', () => resolve())
        thread.ref()
        thread.postMessage(END)
      })
      return closing
    },
  }
}

/** What writes goes to the writer; the rest is answered by the reader. */
export function divideStores(reader: Stores, writer: Writer): Stores {
  const divided = Object.entries(ACCESS).map(([name, methods]) => {
    const part = name as keyof Stores
    const writes = Object.entries(methods)
      .filter(([, access]) => access === 'write')
      .map(([method]) => [method, (...args: readonly unknown[]) => writer.send(part, method, args)])
    return [part, { ...reader[part], ...Object.fromEntries(writes) }]
  })
  return Object.fromEntries(divided) as Stores
}

export function startWriterThread(path: string): Worker {
  const file = import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js'
  // Without the flags of the process: `--eval` and its kin are not for files.
  return new Worker(new URL(file, import.meta.url), {
    workerData: path,
    name: 'lockjar-writer',
    execArgv: [],
  })
}

function refused(detail: string): AuthError {
  return new AuthError('unavailable', { detail, retryAfter: 1 })
}

function lost(cause: unknown): AuthError {
  const detail = 'The writer thread ended; whether this was written is not known.'
  return new AuthError('unavailable', { detail, retryAfter: 1, cause })
}
