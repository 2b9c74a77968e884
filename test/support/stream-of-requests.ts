// How does a test send requests without a pause, as a pool of kept connections does, and learn of each that failed?
import { Agent, request } from 'node:http'

export interface Load {
  /** Since it began, of all clients. */
  readonly answered: number
  /** What was not answered as it should be, one line each. */
  readonly failures: readonly string[]
  /** Connections that could not be opened, or were closed before they had carried anything. */
  readonly refused: number
  /** Resolves once so many more have been answered by each client. */
  more(count: number): Promise<void>
  /** Resolves when all have what they asked for. */
  end(): Promise<void>
}

export interface Requests {
  readonly port: number
  readonly host: string
  readonly method: string
  readonly path: string
  readonly cookie?: string
  readonly body?: object
  readonly status: number
}

/** Then a test has seen enough. */
const MOST_FAILURES = 50

interface Outcome {
  readonly status: number | undefined
  readonly error: string | null
  /** It was the first of its connection, and nothing came back. */
  readonly isRefused: boolean
}

/** One client for each kind; each keeps one connection, and opens another only where it was told that the last one ends. */
export function startLoad(kinds: readonly Requests[]): Load {
  const agents = kinds.map(() => new Agent({ keepAlive: true, maxSockets: 1 }))
  const counts = kinds.map(() => 0)
  const failures: string[] = []
  let refused = 0
  let ended = false
  const clients = kinds.map(async (kind, index) => {
    while (!ended && failures.length < MOST_FAILURES) {
      const { status, error, isRefused } = await sendOne(kind, agents[index])
      if (isRefused) refused++
      else if (status !== kind.status || error)
        failures.push(`${kind.method} ${kind.path}: ${error ?? status}`)
      else counts[index] = (counts[index] ?? 0) + 1
    }
  })
  return {
    failures,
    get answered() {
      return counts.reduce((sum, count) => sum + count, 0)
    },
    get refused() {
      return refused
    },
    async more(count) {
      const before = [...counts]
      const isEnough = (): boolean => counts.every((now, index) => now >= (before[index] ?? 0) + count)
      while (!isEnough() && failures.length < MOST_FAILURES)
        await new Promise((resolve) => setTimeout(resolve, 5))
    },
    async end() {
      ended = true
      await Promise.all(clients)
      for (const agent of agents) agent.destroy()
    },
  }
}

function sendOne(
  { port, host, method, path, cookie, body }: Requests,
  agent: Agent | undefined,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const sending = request({ host: '127.0.0.1', port, method, path, agent })
    let status: number | undefined
    const fail = (error: NodeJS.ErrnoException): void =>
      resolve({
        status,
        error: `${error.code ?? error.message}${sending.reusedSocket ? ' on a kept connection' : ''}`,
        isRefused: status === undefined && !sending.reusedSocket,
      })
    sending.on('error', fail)
    sending.on('response', (response) => {
      status = response.statusCode
      response.on('error', fail)
      response.on('end', () => resolve({ status, error: null, isRefused: false }))
      response.resume()
    })
    sending.setHeader('host', host)
    sending.setHeader('sec-fetch-site', 'same-origin')
    if (cookie) sending.setHeader('cookie', cookie)
    if (body) sending.setHeader('content-type', 'application/json')
    sending.end(body && JSON.stringify(body))
  })
}
