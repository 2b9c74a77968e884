// How are passwords hashed without holding up requests? In a few threads of low priority, behind a bounded queue.
import { getRandomValues, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Argon2Cost, Argon2Hash } from '../../core/password/phc.ts'
import { formatPhc, HASH_BYTES, mustRehash, parsePhc, SALT_BYTES } from '../../core/password/phc.ts'
import { AuthError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { PasswordHasher } from '../../ports/password-hasher.ts'
import type { Argon2Answer, Argon2Job } from './argon2-worker.ts'
import { createFairQueue } from './fair-queue.ts'

/** Milliseconds of work that may wait. Whoever comes after that is told to come back. */
const LONGEST_WAIT = 4000
/** Jobs that may wait whatever they cost, so that a first guess of the cost never refuses a handful of sign-ins. */
const ALWAYS_WAIT = 8
/** First guess of one job, in milliseconds, until jobs have been measured. */
const FIRST_ESTIMATE = 50

interface Task {
  readonly job: Argon2Job
  readonly resolve: (hash: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

interface Thread {
  readonly worker: Worker
  task: Task | null
  began: number
}

/** `wait` in milliseconds: about when it is worth coming back. */
function busy(wait: number): AuthError {
  const retryAfter = Math.max(1, Math.ceil(wait / 1000))
  return new AuthError('unavailable', { detail: 'Too many passwords are being checked.', retryAfter })
}

/** Threads start at the first password and never keep the process alive. */
export function createArgon2Pool(cost: Argon2Cost, clock: Clock): PasswordHasher {
  const threads: Thread[] = []
  const waiting = createFairQueue<Task>()
  const width = Math.max(1, availableParallelism() - 1)
  let estimate = FIRST_ESTIMATE
  let closed = false
  /** Stands for the hash of a user who does not exist. */
  const absent: Argon2Hash = { ...cost, salt: new Uint8Array(SALT_BYTES), hash: new Uint8Array(HASH_BYTES) }

  const compute = (
    password: string,
    salt: Uint8Array,
    length: number,
    at: Argon2Cost,
    source: string,
  ): Promise<Uint8Array> => {
    const wait = (waiting.size * estimate) / width
    if (closed) return Promise.reject(busy(0))
    if (wait > LONGEST_WAIT && waiting.size >= ALWAYS_WAIT) {
      // One that floods makes room for one that does not: otherwise it could keep everybody else out.
      const evicted = waiting.evictFor(source)
      if (!evicted) return Promise.reject(busy(wait))
      evicted.reject(busy(wait))
    }
    const { memory, passes, parallelism } = at
    return new Promise((resolve, reject) => {
      waiting.push(source, { job: { password, salt, length, memory, passes, parallelism }, resolve, reject })
      dispatch()
    })
  }

  function dispatch(): void {
    const thread = threads.find(({ task }) => task === null) ?? (threads.length < width ? start() : undefined)
    if (!thread) return
    const task = waiting.shift()
    if (!task) return
    thread.task = task
    thread.began = clock.monotonic()
    thread.worker.ref()
    thread.worker.postMessage(task.job)
  }

  function start(): Thread {
    const file = import.meta.url.endsWith('.ts') ? './argon2-worker.ts' : './argon2-worker.js'
    const worker = new Worker(new URL(file, import.meta.url))
    const thread: Thread = { worker, task: null, began: 0 }
    threads.push(thread)
    worker.unref()
    worker.on('message', (answer: Argon2Answer) => {
      const { task } = thread
      thread.task = null
      worker.unref()
      estimate += (clock.monotonic() - thread.began - estimate) / 8
      if ('hash' in answer) task?.resolve(answer.hash)
      else task?.reject(new Error(`Argon2id failed: ${answer.error}`))
      dispatch()
    })
    const gone = (cause: unknown): void => {
      threads.splice(threads.indexOf(thread), threads.includes(thread) ? 1 : 0)
      thread.task?.reject(
        new AuthError('unavailable', { detail: 'A password thread ended.', retryAfter: 1, cause }),
      )
      thread.task = null
      if (!closed) dispatch()
    }
    worker.on('error', gone)
    worker.on('exit', gone)
    return thread
  }

  const matches = async (password: string, stored: Argon2Hash, source: string): Promise<boolean> => {
    const hash = await compute(password, stored.salt, stored.hash.length, stored, source)
    return timingSafeEqual(hash, stored.hash)
  }

  /** A wrong password against an old, cheaper hash costs what an unknown user costs, or time would tell the two apart. */
  const spendDifference = async (password: string, stored: Argon2Hash, source: string): Promise<void> => {
    const left = cost.memory * cost.passes - stored.memory * stored.passes
    const memory = Math.floor(left / cost.passes)
    if (memory < 8 * cost.parallelism) return
    await compute(password, absent.salt, HASH_BYTES, { ...cost, memory }, source)
  }

  return {
    async hash(password, source) {
      const salt = getRandomValues(new Uint8Array(SALT_BYTES))
      return formatPhc({ ...cost, salt, hash: await compute(password, salt, HASH_BYTES, cost, source) })
    },
    async verify(password, hash, source) {
      const stored = parsePhc(hash)
      if (!stored) {
        await matches(password, absent, source)
        return { ok: false, mustRehash: false }
      }
      const ok = await matches(password, stored, source)
      if (!ok) await spendDifference(password, stored, source)
      return { ok, mustRehash: ok && mustRehash(stored, cost) }
    },
    async verifyAbsent(password, source) {
      await matches(password, absent, source)
    },
    async close() {
      closed = true
      for (let task = waiting.shift(); task; task = waiting.shift()) {
        task.reject(new AuthError('unavailable', { detail: 'The server is stopping.', retryAfter: 1 }))
      }
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}
