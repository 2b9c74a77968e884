// How does a WebSocket open on a `node:http` server, and close when its session ends?
import type { IncomingMessage } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Auth, Connection } from '../auth.ts'
import type { SignedIn } from '../http/protect.ts'
import { toLightRequest } from './node-request.ts'

/** As much of `Auth` as a WebSocket needs. */
export type UpgradeAuth = Pick<Auth, 'authenticate' | 'connections' | 'respond'>

/** As much of a `WebSocket` of `ws` as this needs. */
export interface UpgradedSocket extends Connection {
  on(event: 'close' | 'error', listener: () => void): unknown
  terminate(): void
}

/** As much of a `WebSocketServer` of `ws` as this needs. */
export interface SocketServer<Socket> {
  handleUpgrade(
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    opened: (socket: Socket) => void,
  ): void
}

/**
 * A listener for the event `upgrade` of a `node:http` server, which is Express's and Fastify's too: only signed-in users connect, from
 * pages that are trusted, and the socket is closed with 4401 when the session ends.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createAuth } from 'lockjar'
 * import { toNodeListener, toUpgradeListener } from 'lockjar/node'
 * import { WebSocketServer } from 'ws'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * const server = createServer(toNodeListener(auth, () => new Response('hello')))
 * const sockets = new WebSocketServer({ noServer: true })
 * server.on('upgrade', toUpgradeListener(auth, sockets, (socket, { user }) => socket.send(`hello ${user.id}`)))
 * ```
 */
export function toUpgradeListener<Socket extends UpgradedSocket>(
  auth: UpgradeAuth,
  sockets: SocketServer<Socket>,
  opened: (socket: Socket, who: SignedIn, incoming: IncomingMessage) => void = () => {},
): (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const upgrade = async (incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const request = toLightRequest(incoming)
    const who = await auth.authenticate(request, { upgrade: true })
    if (who.status !== 'authenticated') return refuseUpgrade(socket, auth.respond(who.refusal, request))
    sockets.handleUpgrade(incoming, socket, head, (connection) => {
      connection.on('error', () => connection.terminate())
      let hasEnded = false
      const close: Connection['close'] = (code, reason) => {
        hasEnded = true
        connection.close(code, reason)
      }
      connection.on('close', auth.connections.add(who, { close }))
      // Until the other side has closed too it may go on sending: of a session that ended meanwhile nobody begins to listen.
      if (!hasEnded) opened(connection, who, incoming)
    })
  }
  return (incoming, socket, head) => {
    // Or a sender that goes away ends the process.
    socket.on('error', () => socket.destroy())
    upgrade(incoming, socket, head).catch(() => socket.destroy())
  }
}

/**
 * Refuses a WebSocket handshake on its raw socket, with a whole HTTP answer, which a plain `socket.destroy()` would not give.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createAuth } from 'lockjar'
 * import { refuseUpgrade, toLightRequest, toNodeListener } from 'lockjar/node'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * const server = createServer(toNodeListener(auth, () => new Response('hello')))
 * server.on('upgrade', async (incoming, socket) => {
 *   const request = toLightRequest(incoming)
 *   const who = await auth.authenticate(request, { upgrade: true })
 *   if (who.status !== 'authenticated') return refuseUpgrade(socket, auth.respond(who.refusal, request))
 * })
 * ```
 */
export async function refuseUpgrade(socket: Duplex, response: Response): Promise<void> {
  // The sender may be gone; nobody else listens for that on a socket that was handed over.
  socket.on('error', () => socket.destroy())
  const body = Buffer.from(await response.arrayBuffer())
  const headers = [...response.headers, ['content-length', String(body.length)], ['connection', 'close']]
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const reason = STATUS_CODES[response.status] ?? ''
  socket.once('finish', () => socket.destroy())
  socket.end(
    Buffer.concat([Buffer.from(`HTTP/1.1 ${response.status} ${reason}\r\n${lines}\r\n`, 'latin1'), body]),
  )
}
