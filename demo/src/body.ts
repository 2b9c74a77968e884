// What JSON did a request bring, within a bound?
import { AuthError } from 'lockjar'

/** Bytes. */
const LARGEST_BODY = 4096

/** @throws {AuthError} `unsupported_media_type`, `payload_too_large`, `malformed`. */
export async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json[ \t]*(?:;|$)/i.test(type)) {
    throw new AuthError('unsupported_media_type', { detail: 'Send application/json.' })
  }
  const bytes = await readBytes(request)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new AuthError('malformed', { detail: 'The body is not JSON.', cause })
  }
}

/** Counts what really arrives: `Content-Length` may be absent. */
async function readBytes(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length
      if (length > LARGEST_BODY) break
      chunks.push(chunk)
    }
  } catch (cause) {
    throw new AuthError('malformed', { detail: 'The body ended early.', cause })
  }
  if (length <= LARGEST_BODY) return Buffer.concat(chunks)
  throw new AuthError('payload_too_large', { detail: `A body may have ${LARGEST_BODY} bytes.` })
}
