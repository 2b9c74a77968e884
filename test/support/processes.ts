// How does a test talk to server processes of their own, as a browser would?
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import type { Done, Order, Orders } from './server.ts'

/** Whatever becomes of a test, no server outlives it. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** The functions of a server process that its parent may call, by name. */
type Callable<O> = { readonly [Name in keyof O]: (...args: never[]) => unknown }

export interface ServerProcess<O extends Callable<O> = Orders> {
  readonly port: number
  /** Resolves with what it answered, once it is done. */
  order<Name extends keyof O & string>(
    name: Name,
    ...args: Parameters<O[Name]>
  ): Promise<Awaited<ReturnType<O[Name]>>>
  /** SIGKILL: no time for anything. */
  kill(): Promise<void>
  /** SIGTERM. Resolves with the exit code. */
  stop(): Promise<number | null>
}

export interface ServerProcessOptions {
  readonly port: number
  /** As the browser sees it; several processes may stand behind one. */
  readonly origin: string
  /** Path of the SQLite file. */
  readonly file: string
  readonly env?: Readonly<Record<string, string>>
  /** What is started. Default: `server.ts`. */
  readonly entry?: string
  /** A command that runs it: `taskset -c 0`. */
  readonly within?: readonly string[]
}

/** Resolves once it listens. */
export async function startServer<O extends Callable<O> = Orders>(
  options: ServerProcessOptions,
): Promise<ServerProcess<O>> {
  const { port, origin, file, env, entry = join(import.meta.dirname, 'server.ts'), within = [] } = options
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('LOCKJAR_')),
  )
  const [command = process.execPath, ...args] = [
    ...within,
    process.execPath,
    '--conditions=lockjar-source',
    entry,
  ]
  const child = spawn(command, args, {
    env: {
      ...clean,
      PORT: String(port),
      LOCKJAR_BASE_URL: origin,
      LOCKJAR_DATABASE_URL: `sqlite:${file}`,
      LOCKJAR_ARGON2_MEMORY: '64',
      LOCKJAR_ARGON2_PASSES: '1',
      LOCKJAR_RATE_LIMITS: 'off',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  running.add(child)
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  const early = ended.then(() => {
    throw new Error('the server ended before it listened')
  })
  await Promise.race([once(child.stdout ?? child, 'data'), early])
  early.catch(() => {})

  let ordered = 0
  return {
    port,
    order(name, ...args) {
      const order: Order = { number: ordered++, name, args }
      child.send(order)
      return new Promise((resolve) => {
        const heard = ({ number, value }: Done): void => {
          if (number !== order.number) return
          child.off('message', heard)
          resolve(value as Awaited<ReturnType<O[typeof name]>>)
        }
        child.on('message', heard)
      })
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Record<string, unknown>
}

const agent = new Agent({ keepAlive: true })

interface JarCookie {
  readonly value: string
  readonly path: string
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Breaks the connection off. */
  readonly signal?: AbortSignal
}

/** One user's browser; its cookies stay when another process answers. */
export class ProcessVisitor {
  readonly #host: string
  readonly #jar: Map<string, JarCookie>

  constructor(origin: string, jar: ReadonlyMap<string, JarCookie> = new Map()) {
    this.#host = new URL(origin).host
    this.#jar = new Map(jar)
  }

  /** The same cookies in other hands. */
  copy(): ProcessVisitor {
    return new ProcessVisitor(`http://${this.#host}`, this.#jar)
  }

  /** The header for a path, `''` for none. */
  cookies(path: string): string {
    return [...this.#jar]
      .filter(([, cookie]) => cookie.path === '/' || path.startsWith(`${cookie.path}/`))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ')
  }

  /** The value of one cookie, `''` for none. */
  cookie(name: string): string {
    return this.#jar.get(name)?.value ?? ''
  }

  /** Rejects where the connection breaks. Cookies are kept of an answer that arrives whole. */
  async send(
    { port }: { readonly port: number },
    method: string,
    path: string,
    body?: object,
    { headers = {}, signal }: SendOptions = {},
  ): Promise<Reply> {
    const sending = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      agent,
      headers,
      ...(signal && { signal }),
    })
    // It may come once more after the answer has begun, which then tells.
    sending.on('error', () => {})
    sending.setHeader('host', this.#host)
    sending.setHeader('sec-fetch-site', 'same-origin')
    const cookies = this.cookies(path)
    if (cookies) sending.setHeader('cookie', cookies)
    if (body) {
      const text = JSON.stringify(body)
      sending.setHeader('content-type', 'application/json')
      sending.setHeader('content-length', Buffer.byteLength(text))
      sending.write(text)
    }
    sending.end()
    const [response] = (await once(sending, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    for (const line of response.headers['set-cookie'] ?? []) this.#keep(line)
    const json = /json/.test(response.headers['content-type'] ?? '') && text !== ''
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: json ? (JSON.parse(text) as Record<string, unknown>) : {},
    }
  }

  #keep(line: string): void {
    const [pair = ''] = line.split(';')
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    if (/;\s*max-age=0/i.test(line)) this.#jar.delete(name)
    else this.#jar.set(name, { value, path: /;\s*path=([^;]*)/i.exec(line)?.[1] ?? '/' })
  }
}
