// Which CSRF token does a plain form carry, before the application's handler has read its body?
import { CSRF_FIELD } from '../protocol.ts'
import { LARGEST_BODY } from './body.ts'
import type { RequestLike } from './facts.ts'

const FORM_TYPE = /^application\/x-www-form-urlencoded\b/i

/**
 * Read from a clone, so that the handler still has the whole body; a larger one than the bound has no token. A multipart
 * form is the application's to parse: its token goes into a header, or is handed over as `given`.
 */
export async function readFormToken(request: RequestLike, given: string | undefined): Promise<string | null> {
  if (given !== undefined) return given
  if (!isWhole(request) || request.bodyUsed) return null
  if (!FORM_TYPE.test(request.headers.get('content-type') ?? '')) return null
  if (Number(request.headers.get('content-length') ?? 0) > LARGEST_BODY) return null
  const text = await readText(request.clone())
  const [token, ...others] = text === null ? [] : new URLSearchParams(text).getAll(CSRF_FIELD)
  // Two tokens: whoever wrote the form and whoever added to it would disagree on which one counts.
  return others.length > 0 ? null : (token ?? null)
}

/** By its shape: a framework may hand over a request that is not of this realm's class. */
function isWhole(request: RequestLike): request is Request {
  return 'clone' in request && 'body' in request
}

/** `null` past the bound and for a body that ends early. What arrives is counted, whatever `Content-Length` says. */
async function readText({ body }: Request): Promise<string | null> {
  if (!body) return null
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text + decoder.decode()
      length += value.length
      if (length > LARGEST_BODY) break
      text += decoder.decode(value, { stream: true })
    }
  } catch {
    return null
  }
  // Not awaited: a clone's cancellation settles only once the handler's own copy has been read or cancelled too.
  reader.cancel().catch(() => {})
  return null
}
