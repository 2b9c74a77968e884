// Does an application hand its page the very token of the request? Refused on a developer's machine, where somebody can mend it.
import type { CookieKind } from '../core/cookie/policy.ts'
import type { Pending } from '../core/pending/pending.ts'
import { AuthError } from '../errors.ts'
import type { RequestContext } from './authenticate-request.ts'
import { answerRefusal } from './refusal.ts'

const TOKENS: readonly CookieKind[] = ['access', 'refresh', 'session']
/** Shorter ones are not ours, and might stand anywhere. */
const SHORTEST = 32

/** What a page's script reads as text. Whatever is compressed or packed is passed over. */
const TEXT = /^(?:text\/|application\/(?:[\w.+-]*[+-])?(?:json|ndjson|jsonl|javascript|xml)\b)/i
/** What comes bit by bit: its head is not kept until there is something to read. */
const STREAM = /^(?:text\/event-stream|application\/(?:x-)?(?:ndjson|jsonl))\b/i
const MOST_BYTES = 1024 * 1024

const DETAIL =
  'The answer of the application holds the token of the request, which no script may see. Leave it out: the browser sends the cookie by itself. On https this is not checked.'

/**
 * An answer of a browser's own request, unchanged, or a refusal where its head or the beginning of its body holds one of the tokens
 * that came with the request. Found later, the answer is cut off there. Chunks are looked at as they pass and not kept; our tokens
 * consist of characters that neither JSON nor HTML nor addresses write otherwise.
 */
export function guardOwnToken(response: Response, context: RequestContext): Pending<Response> {
  const tokens = context.runtime.config.secure ? [] : ownTokens(context)
  if (tokens.length === 0 || response.status === 101) return response
  if (tokens.some((token) => readableHead(response).includes(token))) return refuse(context, 'its head')
  const type = response.headers.get('content-type') ?? ''
  if (response.body === null || !TEXT.test(type) || response.headers.has('content-encoding')) return response
  return guardBody(response, response.body.getReader(), createFinder(tokens), context, STREAM.test(type))
}

function ownTokens({ policy, facts }: RequestContext): readonly string[] {
  return TOKENS.flatMap((kind) => policy.read(kind, facts.cookies)).filter(({ length }) => length >= SHORTEST)
}

/** All but the cookies that no script reads. */
function readableHead({ headers }: Response): string {
  const cookies = headers.getSetCookie().filter((line) => !/;\s*httponly\s*(?:;|$)/i.test(line))
  const others = [...headers].filter(([name]) => name !== 'set-cookie').map(([, value]) => value)
  return [...others, ...cookies].join('\n')
}

type Chunk = Uint8Array<ArrayBuffer>
type Finder = (chunk: Chunk) => boolean

/** Keeps as much of the end of a chunk as a token can have begun in. */
function createFinder(tokens: readonly string[]): Finder {
  const decoder = new TextDecoder('latin1')
  const overlap = Math.max(...tokens.map(({ length }) => length)) - 1
  let end = ''
  let bytes = 0
  return (chunk) => {
    if (bytes > MOST_BYTES) return false
    bytes += chunk.byteLength
    const text = end + decoder.decode(chunk)
    end = text.slice(-overlap)
    return tokens.some((token) => text.includes(token))
  }
}

async function guardBody(
  response: Response,
  reader: ReadableStreamDefaultReader<Chunk>,
  holdsToken: Finder,
  context: RequestContext,
  isStream: boolean,
): Promise<Response> {
  const { status, statusText, headers } = response
  const first = isStream ? null : await reader.read().catch((error: unknown) => ({ error }))
  if (first && 'value' in first && first.value && holdsToken(first.value)) {
    await reader.cancel()
    return refuse(context, 'its body')
  }
  const body = new ReadableStream<Chunk>({
    start(controller) {
      if (first && 'error' in first) controller.error(first.error)
      else if (first?.done) controller.close()
      else if (first) controller.enqueue(first.value)
    },
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) return controller.close()
      if (!holdsToken(value)) return controller.enqueue(value)
      const error = tell(context, 'its body')
      controller.error(error)
      await reader.cancel(error)
    },
    cancel: (reason) => reader.cancel(reason),
  })
  return new Response(body, { status, statusText, headers })
}

function refuse(context: RequestContext, where: string): Response {
  const { runtime, policy, facts } = context
  return answerRefusal(tell(context, where), facts, runtime.config, policy)
}

function tell({ runtime, path }: RequestContext, where: string): AuthError {
  const error = new AuthError('internal_error', { detail: DETAIL })
  runtime.logger.error({ event: 'answer.held_token', where, path: path().slice(0, LONGEST_PATH) }, DETAIL)
  return error
}

const LONGEST_PATH = 200
