// How does a `node:http` request become a web-standard one, and the response go back?
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { toRequest } from './node-request.ts'
import { send } from './node-response.ts'

export type { LightRequest } from './node-request.ts'
export { toLightRequest } from './node-request.ts'
export type { SocketServer, UpgradeAuth, UpgradedSocket } from './node-upgrade.ts'
export { refuseUpgrade, toUpgradeListener } from './node-upgrade.ts'

/** As much of `Auth` as a server needs. */
export interface NodeAuth {
  handler(request: Request, info?: { readonly ip?: string | undefined }): Promise<Response>
  owns(pathname: string): boolean
  readonly config: { readonly origin: string }
}

type AppHandler = (request: Request) => Response | Promise<Response>

/**
 * A listener for `http.createServer` and `https.createServer`: Lockjar's routes, and everything else to `app`.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createAuth } from 'lockjar'
 * import { toNodeListener } from 'lockjar/node'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * createServer(toNodeListener(auth, () => new Response('hello'))).listen(3000, '127.0.0.1')
 * ```
 */
export function toNodeListener(auth: NodeAuth, app: AppHandler): RequestListener {
  return (incoming, outgoing) => {
    answer(auth, app, incoming, outgoing).catch((error: unknown) => {
      // A sender that went away is no news; what the application threw is.
      if (!incoming.destroyed || !outgoing.destroyed) console.error(error)
      if (!outgoing.headersSent) outgoing.writeHead(500).end()
      else outgoing.destroy()
    })
  }
}

async function answer(
  auth: NodeAuth,
  app: AppHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = toRequest(incoming, outgoing, auth.config.origin)
  if (!request) {
    outgoing.writeHead(400, { Connection: 'close' }).end()
    return
  }
  const response = auth.owns(new URL(request.url).pathname)
    ? await auth.handler(request, { ip: incoming.socket.remoteAddress })
    : await app(request)
  await send(response, incoming, outgoing)
}
