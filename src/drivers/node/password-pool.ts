// How are passwords hashed without holding up requests? In a few threads of low priority, behind a bounded queue.
import { getRandomValues, hash, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Argon2Cost, Argon2Kdf, Kdf, StoredHash } from '../../core/password/kdf.ts'
import { ignoresNul } from '../../core/password/kdf.ts'
import { formatArgon2, HASH_BYTES, isWeaker, SALT_BYTES } from '../../core/password/phc.ts'
import { parseStored } from '../../core/password/stored.ts'
import { AuthError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { PasswordHasher } from '../../ports/password-hasher.ts'
import { createFairQueue } from './fair-queue.ts'
import type { PasswordAnswer, PasswordJob } from './password-worker.ts'

/** Milliseconds of work that may wait. Whoever comes after that is told to come back. */
const LONGEST_WAIT = 4000
/** Jobs that may wait whatever they cost, so that a first guess of the cost never refuses a handful of sign-ins. */
const ALWAYS_WAIT = 8
/** First guess of one job, in milliseconds, until jobs have been measured. */
const FIRST_ESTIMATE = 50

interface Task {
  readonly job: PasswordJob
  readonly resolve: (hash: Uint8Array) => void
  readonly reject: (error: unknown) => void
  /** Called when its turn has come: from now on it is done, whoever has gone. */
  readonly begin: () => void
}

interface Thread {
  readonly worker: Worker
  task: Task | null
  began: number
}

/** What one process takes that has the machine for itself: the rest is for requests. */
export const ALL_THREADS: number = Math.max(1, availableParallelism() - 1)

/** As `keyid` in a PHC string. */
const pepperId = (secret: Uint8Array): string => hash('sha256', secret, 'base64').slice(0, 8)

/** `wait` in milliseconds: about when it is worth coming back. */
function busy(wait: number): AuthError {
  const retryAfter = Math.max(1, Math.ceil(wait / 1000))
  return new AuthError('unavailable', { detail: 'Too many passwords are being checked.', retryAfter })
}

function abandoned(): AuthError {
  return new AuthError('unavailable', { detail: 'Nobody waits for the answer any more.', retryAfter: 1 })
}

/**
 * `secrets` are peppers: the first goes into new hashes, all verify. A hash names its pepper by the digest of it. `width` threads start
 * at the first passwords and never keep the process alive; what waits for them is bounded by what so many can do.
 */
export function createPasswordPool(
  cost: Argon2Cost,
  clock: Clock,
  secrets: readonly Uint8Array[] = [],
  width: number = ALL_THREADS,
): PasswordHasher {
  const threads: Thread[] = []
  const waiting = createFairQueue<Task>()
  let estimate = FIRST_ESTIMATE
  let closed = false
  const peppers = secrets.map((secret) => ({ id: pepperId(secret), secret }))

  /** Ours, as hashes are made now. */
  const ours = (salt: Uint8Array, at: Argon2Cost = cost): Argon2Kdf => ({
    kdf: 'argon2',
    variant: 'argon2id',
    ...at,
    salt,
    length: HASH_BYTES,
    pepper: peppers[0]?.id ?? null,
  })

  /** Stands for the hash of a user who does not exist. */
  const absent = { kdf: ours(new Uint8Array(SALT_BYTES)), expected: new Uint8Array(HASH_BYTES) }

  const pepperOf = (kdf: Kdf): Uint8Array | null =>
    (kdf.kdf === 'argon2' && peppers.find(({ id }) => id === kdf.pepper)?.secret) || null

  const compute = (password: string, kdf: Kdf, source: string, signal?: AbortSignal): Promise<Uint8Array> => {
    if (signal?.aborted) return Promise.reject(abandoned())
    const wait = (waiting.size * estimate) / width
    if (closed) return Promise.reject(busy(0))
    if (wait > LONGEST_WAIT && waiting.size >= ALWAYS_WAIT) {
      // One that floods makes room for one that does not: otherwise it could keep everybody else out.
      const evicted = waiting.evictFor(source)
      if (!evicted) return Promise.reject(busy(wait))
      evicted.reject(busy(wait))
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        if (waiting.remove(source, task)) reject(abandoned())
      }
      const begin = (): void => signal?.removeEventListener('abort', giveUp)
      const task: Task = { job: { password, kdf, pepper: pepperOf(kdf) }, resolve, reject, begin }
      signal?.addEventListener('abort', giveUp)
      waiting.push(source, task)
      dispatch()
    })
  }

  function dispatch(): void {
    const thread = threads.find(({ task }) => task === null) ?? (threads.length < width ? start() : undefined)
    if (!thread) return
    const task = waiting.shift()
    if (!task) return
    task.begin()
    thread.task = task
    thread.began = clock.monotonic()
    thread.worker.ref()
    thread.worker.postMessage(task.job)
  }

  function start(): Thread {
    const file = import.meta.url.endsWith('.ts') ? './password-worker.ts' : './password-worker.js'
    // Without the flags of the process: `--input-type` and its kin are not for files.
    const worker = new Worker(new URL(file, import.meta.url), { execArgv: [] })
    const thread: Thread = { worker, task: null, began: 0 }
    threads.push(thread)
    worker.unref()
    worker.on('message', (answer: PasswordAnswer) => {
      const { task } = thread
      thread.task = null
      worker.unref()
      estimate += (clock.monotonic() - thread.began - estimate) / 8
      if ('hash' in answer) task?.resolve(answer.hash)
      else task?.reject(new Error(`hashing a password failed: ${answer.error}`))
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

  const matches = async (
    password: string,
    { kdf, expected }: StoredHash,
    source: string,
    signal?: AbortSignal,
  ): Promise<boolean> => {
    const computed = await compute(password, kdf, source, signal)
    return computed.length === expected.length && timingSafeEqual(computed, expected)
  }

  /** Whether the hash may be matched at all: by a text that the form can tell from others, and with a pepper that is known. */
  const isMatchable = (password: string, { kdf }: StoredHash): boolean => {
    // Half a surrogate pair would be hashed as the replacement character, like every other half.
    if (!password.isWellFormed() || (ignoresNul(kdf) && password.includes('\0'))) return false
    return kdf.kdf !== 'argon2' || kdf.pepper === null || pepperOf(kdf) !== null
  }

  const isOutdated = ({ kdf }: StoredHash): boolean =>
    kdf.kdf !== 'argon2' ||
    kdf.variant !== 'argon2id' ||
    kdf.pepper !== (peppers[0]?.id ?? null) ||
    isWeaker(kdf, cost)

  /**
   * A wrong password against an old, cheaper hash costs what an unknown user costs, or time would tell the two apart. One that costs
   * more is told apart until its user has signed in once; `docs/threat-model.md` says so.
   */
  const spendDifference = async (password: string, { kdf }: StoredHash, source: string): Promise<void> => {
    if (kdf.kdf !== 'argon2') {
      await compute(password, absent.kdf, source)
      return
    }
    const left = cost.memory * cost.passes - kdf.memory * kdf.passes
    const memory = Math.floor(left / cost.passes)
    if (memory < 8 * cost.parallelism) return
    await compute(password, ours(absent.kdf.salt, { ...cost, memory }), source)
  }

  return {
    async hash(password, source, signal) {
      const kdf = ours(getRandomValues(new Uint8Array(SALT_BYTES)))
      return formatArgon2({ kdf, expected: await compute(password, kdf, source, signal) })
    },
    async verify(password, text, source, signal) {
      const stored = parseStored(text)
      if (!stored) {
        await matches(password, absent, source, signal)
        return { ok: false, mustRehash: false }
      }
      const ok = (await matches(password, stored, source, signal)) && isMatchable(password, stored)
      // The verdict stands, also where there is no room to spend more: a guess that was judged has to count.
      if (!ok) await spendDifference(password, stored, source).catch(() => {})
      return { ok, mustRehash: ok && isOutdated(stored) }
    },
    async verifyAbsent(password, source, signal) {
      await matches(password, absent, source, signal)
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
