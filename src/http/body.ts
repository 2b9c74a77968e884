// What does the body say? By its declared type, within a bound, decoded once.
import { AuthError } from '../errors.ts'
import { emptyBody } from './schemas.ts'

/** Bytes. */
export const LARGEST_BODY: number = 64 * 1024

export interface Body {
  readonly form: boolean
  readonly value: unknown
}

const JSON_TYPE = /^application\/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i
const FORM_TYPE = /^application\/x-www-form-urlencoded(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i

/** @throws {AuthError} `payload_too_large`, `unsupported_media_type`, `malformed`. */
export async function readBody(request: Request): Promise<Body> {
  const bytes = await readBytes(request)
  const type = request.headers.get('content-type')
  if (request.headers.has('content-encoding')) {
    throw new AuthError('unsupported_media_type', {
      detail: 'Send the body as it is, without Content-Encoding.',
    })
  }
  if (type === null && bytes.length === 0) return { form: false, value: {} }
  if (type === null) throw new AuthError('unsupported_media_type', { detail: 'A body needs a Content-Type.' })
  if (JSON_TYPE.test(type)) return { form: false, value: bytes.length === 0 ? {} : parseJson(decode(bytes)) }
  if (FORM_TYPE.test(type)) return { form: true, value: parseForm(decode(bytes)) }
  throw new AuthError('unsupported_media_type')
}

/**
 * What a GET is asked stands in its query, as a form's fields do. A route that asks nothing takes any query: pages add some to get
 * past caches.
 *
 * @throws {AuthError} `malformed`.
 */
export function readQuery(url: string, { body }: { readonly body: unknown }): Body {
  return body === emptyBody
    ? { form: false, value: {} }
    : { form: true, value: parseForm(new URL(url).search) }
}

/** Counts what really arrives: `Content-Length` may be absent or lie. */
async function readBytes(request: Request): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > LARGEST_BODY) throw tooLarge()
  if (!request.body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request.body) {
      length += chunk.length
      if (length > LARGEST_BODY) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (cause) {
    throw cause instanceof AuthError
      ? cause
      : new AuthError('malformed', { detail: 'The body ended early.', cause })
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

function tooLarge(): AuthError {
  return new AuthError('payload_too_large', { detail: `A body may have ${LARGEST_BODY} bytes.` })
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new AuthError('malformed', { detail: 'The body is not UTF-8.', cause })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AuthError('malformed', { detail: 'The body is not JSON.', cause })
  }
}

/** A field sent twice is refused: two readers would disagree on which one counts. */
function parseForm(text: string): Record<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) throw new AuthError('malformed', { detail: 'A field was sent twice.' })
    fields.set(name, value)
  }
  return Object.fromEntries(fields)
}
