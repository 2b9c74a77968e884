// How does this machine serve HTTP: within limits, and stopping without breaking off what is under way?
import { readFileSync } from 'node:fs'
import type { RequestListener, Server, ServerOptions, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Server as NetServer } from 'node:net'
import { createSecureContext } from 'node:tls'

export interface ServerSettings {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** Files in PEM. */
  readonly tls: { readonly cert: string; readonly key: string } | null
}

export interface RunningServer {
  readonly port: number
  /** For listeners of its events, such as `upgrade`. */
  readonly http: Server
  /**
   * Accepts no more, and resolves when the requests that are under way have their answers; what lasts longer than `grace`
   * milliseconds is broken off. Says whether that was nothing. A second call may bring the end forward.
   *
   * A connection that is kept open may carry a request to us while we close it, and one that is not safe to repeat is then lost. So what
   * comes within `linger` milliseconds (default 500) is still answered, and told that it was the last; what says nothing is closed then.
   */
  stop(grace: number, linger?: number): Promise<boolean>
}

/**
 * One who sends slowly, on many connections, keeps them for so long and no longer. The header limit is Node's own: all cookies of
 * an installation are a quarter of it.
 */
const LIMITS: ServerOptions = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2000,
  // Longer than the proxies that stand before it keep theirs (60 s), or they would send into a connection that closes.
  keepAliveTimeout: 65_000,
}
const REQUESTS_PER_CONNECTION = 10_000
const TLS_HANDSHAKE_TIMEOUT = 10_000
const LINGER = 500
/** Milliseconds between two looks for connections whose answer had begun before the stop, and that are idle now. */
const IDLE_CHECK = 100

/**
 * Resolves when it listens.
 *
 * @throws {Error} for a port that is not to be had or a certificate that is of no use, in one line for a person.
 *
 * @example
 * ```ts
 * import { createAuth, readEnvironment } from 'lockjar'
 * import { toNodeListener } from 'lockjar/node'
 * import { startServer } from 'lockjar/server'
 *
 * const { options, server } = readEnvironment(process.env)
 * const auth = await createAuth({ ...options, database: server.database, redis: server.redis })
 * const running = await startServer(toNodeListener(auth, () => new Response('hello')), server)
 * process.once('SIGTERM', async () => {
 *   auth.connections.close()
 *   await running.stop(5000)
 *   await auth.close()
 * })
 * ```
 */
export async function startServer(
  listener: RequestListener,
  settings: ServerSettings,
): Promise<RunningServer> {
  const files = readTls(settings.tls)
  const answering = new Set<ServerResponse>()
  let stopping = false
  let unbroken = true
  const tracked: RequestListener = (incoming, outgoing) => {
    answering.add(outgoing)
    outgoing.once('close', () => answering.delete(outgoing))
    if (stopping) outgoing.setHeader('connection', 'close')
    listener(incoming, outgoing)
  }
  const server: Server = files
    ? createTlsServer({ ...LIMITS, ...files, handshakeTimeout: TLS_HANDSHAKE_TIMEOUT }, tracked)
    : createServer(LIMITS, tracked)
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION
  // Also those that became WebSockets, which the server itself forgets.
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await listen(server, settings)
  const closed = new Promise<void>((resolve) => {
    server.once('close', resolve)
  })

  const breakOff = (): void => {
    if (sockets.size > 0) unbroken = false
    for (const socket of sockets) socket.destroy()
  }

  return {
    port: (server.address() as AddressInfo).port,
    http: server,
    async stop(grace, linger = LINGER) {
      stopping = true
      for (const outgoing of answering) if (!outgoing.headersSent) outgoing.setHeader('connection', 'close')
      // `close` of `node:http` would close idle connections in the same moment.
      NetServer.prototype.close.call(server)
      let checks: NodeJS.Timeout | undefined
      const endLinger = (): void => {
        server.closeIdleConnections()
        checks ??= setInterval(() => server.closeIdleConnections(), IDLE_CHECK)
      }
      // Well before the end of all, so that what was idle does not count as broken off.
      const wait = Math.min(linger, grace / 2)
      const lingered = setTimeout(endLinger, wait)
      if (wait === 0) endLinger()
      const end = setTimeout(breakOff, grace)
      await closed
      for (const timer of [lingered, checks, end]) clearTimeout(timer)
      // Ends its own checks of connections.
      server.close()
      return unbroken
    },
  }
}

function readTls(tls: ServerSettings['tls']): { readonly cert: Buffer; readonly key: Buffer } | null {
  if (!tls) return null
  try {
    const files = { cert: readFileSync(tls.cert), key: readFileSync(tls.key) }
    createSecureContext(files)
    return files
  } catch (cause) {
    throw new Error(`lockjar: ${tls.cert} and ${tls.key} are not a certificate and its key, both in PEM`, {
      cause,
    })
  }
}

function listen(server: Server, { host, port }: ServerSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new Error(`lockjar: ${explainListen(cause, host, port)}`, { cause })),
    )
    server.listen(port, host, resolve)
  })
}

function explainListen({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE') return `port ${port} is in use; set another, such as PORT=${port + 1}`
  if (code === 'EACCES') return `port ${port} needs more rights; set another, such as PORT=3000`
  return `cannot listen on ${host}:${port}: ${message}`
}
