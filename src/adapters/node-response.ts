// How does a web-standard answer go out over `node:http`, and how is the head of somebody else's completed?
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { AnswerHeaders } from '../http/response.ts'

export async function send(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const headers: [string, string | string[]][] = [...response.headers].filter(
    ([name]) => name !== 'set-cookie',
  )
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers.push(['set-cookie', cookies])
  if (holdsConnection(incoming)) headers.push(['connection', 'close'])
  outgoing.writeHead(response.status, Object.fromEntries(headers))
  // Somebody who has gone reads nothing: a stream is told so, and lets go of what it holds.
  if (!response.body || incoming.method === 'HEAD' || outgoing.destroyed) {
    await response.body?.cancel()
    outgoing.end()
    return
  }
  await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), outgoing)
}

/** A body that was refused unread would hold the connection open. HTTP/2 has streams for that, and no such header. */
export function holdsConnection({ complete, headers, httpVersionMajor }: IncomingMessage): boolean {
  if (complete || httpVersionMajor > 1) return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** `complete` runs when the head is written, over whatever the application has put into it by then. */
export function completeHead(outgoing: ServerResponse, complete: (headers: AnswerHeaders) => void): void {
  const { writeHead } = outgoing
  const completed = (status: number, ...rest: readonly unknown[]): ServerResponse => {
    // Once: the application may have wrapped it too, and Node calls it itself where nobody did.
    outgoing.writeHead = writeHead
    const reason = typeof rest[0] === 'string' ? rest[0] : undefined
    takeHeaders(outgoing, reason === undefined ? rest[0] : rest[1])
    complete(headersOf(outgoing))
    return reason === undefined ? outgoing.writeHead(status) : outgoing.writeHead(status, reason)
  }
  outgoing.writeHead = completed as typeof writeHead
}

/** Those that were given to `writeHead`: an object, or names and values in turn. */
function takeHeaders(outgoing: ServerResponse, given: unknown): void {
  if (Array.isArray(given)) {
    const list = given.flat() as readonly string[]
    const names = new Set(list.filter((_, index) => index % 2 === 0))
    for (const name of names) outgoing.removeHeader(name)
    for (let index = 0; index < list.length; index += 2)
      outgoing.appendHeader(list[index] ?? '', list[index + 1] ?? '')
    return
  }
  if (given === undefined || given === null) return
  for (const [name, value] of Object.entries(given as OutgoingHttpHeaders))
    if (value !== undefined) outgoing.setHeader(name, value)
}

function headersOf(outgoing: ServerResponse): AnswerHeaders {
  return {
    get(name) {
      const value = outgoing.getHeader(name)
      return value === undefined ? null : [value].flat().join(', ')
    },
    set: (name, value) => void outgoing.setHeader(name, value),
    append: (name, value) => void outgoing.appendHeader(name, value),
    delete: (name) => outgoing.removeHeader(name),
  }
}
