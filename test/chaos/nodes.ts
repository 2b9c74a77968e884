// How is a node started, killed, paused and asked what has become of an operation?
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../support/demo.ts'
import type { Exit } from './history.ts'
import type { Order, Word } from './node.ts'

export interface ChaosNode {
  readonly index: number
  readonly port: number
  /** How many times it was started again. */
  readonly life: number
  readonly isUp: boolean
  /** Resolves with what it was refused with, `null` for nothing; rejects where the node ends before. */
  order(order: Order): Promise<string | null>
  /** When it was done with an operation of a life, by having answered or by having ended; `null`: it has not begun it, as far as is known. */
  doneAt(life: number, operation: number): number | null
  /** SIGKILL, and the process is gone. */
  kill(): Promise<void>
  /** Tries until it listens. */
  start(): Promise<void>
  /** SIGSTOP; resolves when the process stands still. */
  stand(): Promise<void>
  /** SIGCONT. */
  go(): void
  /** SIGTERM, and SIGKILL where that takes long. */
  end(): Promise<void>
  /** What it wrote to standard error last. */
  said(): string
}

export interface NodeOptions {
  readonly index: number
  readonly origin: string
  readonly env: Readonly<Record<string, string>>
  exited(exit: Exit): void
}

/** Whatever becomes of a test, no node outlives it. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

const SECRET = 'Y2hhb3Mtc2VjcmV0LWZvci10ZXN0cy1vbmx5LTAxMjM0NTY'
/** Passwords as cheap as a developer's machine may have them; the address of a user is in a header. */
const SETTINGS = {
  LOCKJAR_SECRET: SECRET,
  LOCKJAR_ARGON2_MEMORY: '64',
  LOCKJAR_ARGON2_PASSES: '1',
  LOCKJAR_TRUSTED_PROXIES: '1',
  LOCKJAR_LOG_LEVEL: 'error',
  LOCKJAR_SESSIONS_PER_USER: '1000',
}
const ENTRY = join(import.meta.dirname, 'node.ts')
/** Characters of standard error that are kept. */
const MOST_SAID = 20_000
/** Milliseconds. */
const LONGEST_END = 8000

export async function createNode({ index, origin, env, exited }: NodeOptions): Promise<ChaosNode> {
  const port = await freePort()
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:LOCKJAR_|NODE_OPTIONS|VITEST)/.test(name)),
  )
  const settings = { ...clean, PORT: String(port), LOCKJAR_BASE_URL: origin, ...SETTINGS, ...env }

  let child: ChildProcess | null = null
  let life = -1
  let isUp = false
  let expected = false
  let said = ''
  const begun = new Set<number>()
  const done = new Map<number, { readonly at: number; readonly refused: string | null }>()
  const deaths = new Map<number, number>()
  const waiting = new Map<number, PromiseWithResolvers<string | null>>()

  const hear = (word: Word): void => {
    if ('begun' in word) begun.add(word.begun)
    if (!('done' in word)) return
    done.set(word.done, { at: performance.now(), refused: word.refused ?? null })
    waiting.get(word.done)?.resolve(word.refused ?? null)
  }

  /** Whether it came to listen. */
  const launch = async (): Promise<boolean> => {
    const started = spawn(process.execPath, ['--conditions=lockjar-source', ENTRY], {
      env: settings,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    running.add(started)
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MOST_SAID)
    })
    const ended = once(started, 'exit')
    started.once('exit', (code, signal) => {
      running.delete(started)
      if (started !== child) return
      deaths.set(life, performance.now())
      isUp = false
      child = null
      for (const { reject } of waiting.values()) reject(new Error('the node has ended'))
      if (expected) return
      exited({ node: index, at: performance.now(), code: code ?? signal })
      said += `\n--- node ${index} ended by itself ---\n`
      void start()
    })
    const listening = new Promise<true>((resolve) => {
      started.on('message', (word: Word) => {
        if ('listening' in word) resolve(true)
        else hear(word)
      })
    })
    const came = await Promise.race([listening, ended.then(() => false as const)])
    if (!came) return false
    life++
    child = started
    expected = false
    isUp = true
    return true
  }

  const start = async (): Promise<void> => {
    while (!(await launch())) await pause(200)
  }

  const signal = async (name: NodeJS.Signals): Promise<void> => {
    if (!child) return
    expected = true
    isUp = false
    const ended = once(child, 'exit')
    child.kill(name)
    await ended
  }

  return {
    index,
    port,
    get life() {
      return life
    },
    get isUp() {
      return isUp
    },
    async order(order) {
      if (!child) throw new Error('the node is down')
      const answer = Promise.withResolvers<string | null>()
      waiting.set(order.operation, answer)
      child.send(order, (error) => error && answer.reject(error))
      return answer.promise.finally(() => waiting.delete(order.operation))
    },
    doneAt(ofLife, operation) {
      const at = done.get(operation)?.at ?? deaths.get(ofLife)
      if (at !== undefined) return at
      return begun.has(operation) ? Number.POSITIVE_INFINITY : null
    },
    kill: () => signal('SIGKILL'),
    start,
    async stand() {
      if (!child?.pid) return
      child.kill('SIGSTOP')
      // Linux says so; elsewhere a moment has to do.
      while (process.platform === 'linux' && !isStopped(child.pid)) await pause(1)
      if (process.platform !== 'linux') await pause(50)
    },
    go() {
      child?.kill('SIGCONT')
    },
    async end() {
      const last = setTimeout(() => child?.kill('SIGKILL'), LONGEST_END)
      await signal('SIGTERM')
      clearTimeout(last)
    },
    said: () => said,
  }
}

/** proc(5): the state comes after the name, which is in brackets. */
function isStopped(pid: number): boolean {
  try {
    return /\) [Tt] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}
