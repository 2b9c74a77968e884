// How does a test send exactly the bytes it means, over a real socket?
import { once } from 'node:events'
import { request as sendRequest } from 'node:http'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'

export interface Raw {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body as JSON; `null` where it is none. */
  readonly json: Record<string, unknown> | null
  readonly setCookies: readonly string[]
}

export type HeaderLines = readonly (readonly [name: string, value: string])[]

/** `node:http`'s client sends what it is told, twice if told so. */
export function sendRaw(
  port: number,
  method: string,
  path: string,
  headers: HeaderLines,
  body?: string,
): Promise<Raw> {
  const { promise, resolve, reject } = Promise.withResolvers<Raw>()
  const length: HeaderLines = body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))]]
  const outgoing = sendRequest(
    { host: '127.0.0.1', port, method, path, headers: [...headers, ...length].flat(), agent: false },
    (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const type = String(incoming.headers['content-type'] ?? '')
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text,
          json: text !== '' && type.includes('json') ? JSON.parse(text) : null,
          setCookies: incoming.headers['set-cookie'] ?? [],
        })
      })
    },
  )
  outgoing.on('error', reject)
  outgoing.end(body)
  return promise
}

/** One write, and all that comes back until the other side closes or has been quiet. */
export async function sendBytes(
  port: number,
  bytes: string,
  isWhole: (text: string) => boolean,
): Promise<string> {
  const socket = await open(port)
  let text = ''
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (isWhole(text)) resolve()
  })
  socket.once('close', () => resolve())
  socket.write(bytes)
  await promise
  socket.destroy()
  return text
}

export async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Looks again until it is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await isSo()) return
    await setTimeout(10)
  }
  throw new Error('it did not come to be so within 5 s')
}
