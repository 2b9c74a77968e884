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
    const reason = typeof rest[0] === 'string' ? rest[0] : undefined
    takeHeaders(outgoing, reason === undefined ? rest[0] : rest[1])
    // Once: the application may have wrapped it too, and Node calls it itself where nobody did. And not before its headers were
    // found good, or the answer that says that they were not would lack ours.
    outgoing.writeHead = writeHead
    complete(headersOf(outgoing))
    return reason === undefined ? outgoing.writeHead(status) : outgoing.writeHead(status, reason)
  }
  outgoing.writeHead = completed as typeof writeHead
}

type Header = readonly [name: string, value: string | readonly string[]]

/** Those that were given to `writeHead`: an object, a list of pairs, or names and values in turn. */
function takeHeaders(outgoing: ServerResponse, given: unknown): void {
  if (Array.isArray(given)) {
    const pairs = toPairs(given)
    for (const [name] of pairs) outgoing.removeHeader(name)
    for (const [name, value] of pairs) outgoing.appendHeader(name, value)
    return
  }
  if (given === undefined || given === null) return
  for (const [name, value] of Object.entries(given as OutgoingHttpHeaders))
    if (value !== undefined) outgoing.setHeader(name, value)
}

/** A value may be a list itself, so that only one of the two forms is flat. */
function toPairs(given: readonly unknown[]): readonly Header[] {
  if (Array.isArray(given[0])) return given as readonly Header[]
  const pairs: Header[] = []
  for (let index = 0; index < given.length; index += 2)
    pairs.push([String(given[index]), (given[index + 1] ?? '') as Header[1]])
  return pairs
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
