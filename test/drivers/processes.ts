// How do several real processes do one thing at the same instant?
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Racer {
  readonly ready: Promise<void>
  readonly done: Promise<string>
  go(): void
}

/**
 * `setup` is the beginning of a module, `act` what it does once all have come so far and `before` is done. Answers what
 * each printed; rejects when one fails.
 */
export async function raceProcesses(
  count: number,
  setup: string,
  act: string,
  before: () => Promise<void> | void = () => {},
): Promise<readonly string[]> {
  const racers = Array.from({ length: count }, () => startRacer(`${setup}\n${BARRIER}\n${act}`))
  await Promise.all(racers.map(({ ready }) => ready))
  await before()
  for (const { go } of racers) go()
  return Promise.all(racers.map(({ done }) => done))
}

const BARRIER =
  "process.stdout.write('ready\\n'); await new Promise((go) => process.stdin.once('data', go)); process.stdin.pause()"

function startRacer(code: string): Racer {
  const child = spawn(process.execPath, ['--conditions=lockjar-source', '--input-type=module', '-e', code], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  const loaded = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  ended.promise.catch(() => {})
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk
    if (out.startsWith('ready\n')) loaded.resolve()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk
  })
  child.on('close', (status) => {
    const failure = new Error(`a process ended with ${status}: ${err}`)
    loaded.reject(failure)
    if (status === 0) ended.resolve(out.slice('ready\n'.length))
    else ended.reject(failure)
  })
  return { ready: loaded.promise, done: ended.promise, go: () => child.stdin.end('go\n') }
}
