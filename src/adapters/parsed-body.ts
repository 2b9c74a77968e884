// What was the body of a request that a parser has read before us?
import type { IncomingMessage } from 'node:http'

/** What body parsers leave on a request. */
interface Parsed {
  readonly body?: unknown
  /** As some platforms keep it beside what they parsed. */
  readonly rawBody?: unknown
}

/**
 * `undefined` where nobody has read it.
 *
 * @throws {Error} where somebody has, and kept nothing of it.
 */
export function takeParsedBody(incoming: IncomingMessage): BodyInit | undefined {
  if (!incoming.readableDidRead) return undefined
  const { body, rawBody } = incoming as IncomingMessage & Parsed
  const known = toBytes(rawBody) ?? toBytes(body)
  if (known !== undefined) return known
  if (body === undefined || body === null) throw new Error(LOST)
  const type = incoming.headers['content-type'] ?? ''
  // The handler judges it by its type, as it would have judged what was sent.
  return /^application\/x-www-form-urlencoded\b/i.test(type) ? toForm(body) : JSON.stringify(body)
}

const LOST =
  'lockjar: the body of a request to its routes was read before it, and not kept as req.body; put its middleware before whatever reads bodies'

function toBytes(value: unknown): BodyInit | undefined {
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? (value as Uint8Array<ArrayBuffer>) : undefined
}

/** A parser that makes objects of `a[b]`, and lists of `a[]` and of what was sent twice, is undone, so that all are refused as ever. */
function toForm(body: object): string {
  const form = new URLSearchParams()
  const add = (name: string, value: unknown): void => {
    if (Array.isArray(value)) for (const each of value) add(value.length === 1 ? `${name}[]` : name, each)
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) add(`${name}[${key}]`, inner)
    else form.append(name, String(value))
  }
  for (const [name, value] of Object.entries(body)) add(name, value)
  return form.toString()
}
