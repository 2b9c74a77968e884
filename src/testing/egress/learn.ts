// From which requests and answers is a secret learnt? From what the server itself says must not be read, and what is sent as one.
import { setCookieLines } from '../cookie/lines.ts'
import { parseSetCookie } from '../cookie/parse.ts'
import type { Secrets } from './secrets.ts'

/** The server marks it HttpOnly: no script is to read it. */
export function learnFromAnswer(secrets: Secrets, names: Set<string>, { headers }: Response): void {
  for (const line of setCookieLines(headers)) {
    const cookie = parseSetCookie(line)
    if (!cookie?.httpOnly) continue
    names.add(cookie.name)
    learnCookie(secrets, cookie.name, cookie.value)
  }
}

function learnCookie(secrets: Secrets, name: string, value: string): void {
  secrets.learn(value, `the cookie ${name}`)
  const decoded = decode(value)
  if (decoded !== value) secrets.learn(decoded, `the cookie ${name}`)
}

/** What a request's head shows: a header's token, and cookies that an answer marked HttpOnly. */
export function learnFromHead(secrets: Secrets, names: ReadonlySet<string>, { headers }: Request): void {
  const [, token] = /^\S+ +(\S+)$/.exec(headers.get('authorization') ?? '') ?? []
  if (token !== undefined) secrets.learn(token, 'the token of the Authorization header')
  for (const pair of (headers.get('cookie') ?? '').split(/; */)) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals)
    if (equals > 0 && names.has(name)) learnCookie(secrets, name, pair.slice(equals + 1))
  }
}

const LONGEST_BODY = 64 * 1024

export interface TappedRequest {
  readonly request: Request
  /** Makes secrets of fields that are named like them. Answers how to forget the passwords among them, which were perhaps none. */
  learn(): () => void
}

/** The same request, whose body is looked at as the handler reads it: what it never reads it cannot tell. */
export function tapBody(request: Request, secrets: Secrets): TappedRequest {
  if (request.body === null || request.bodyUsed) return { request, learn: () => () => {} }
  const decoder = new TextDecoder()
  let text = ''
  const tap = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      if (text.length <= LONGEST_BODY) text += decoder.decode(chunk, { stream: true })
      controller.enqueue(chunk)
    },
  })
  const init: RequestInit & { duplex: 'half' } = { body: request.body.pipeThrough(tap), duplex: 'half' }
  return {
    request: new Request(request, init),
    learn: () => learnFields(secrets, request.headers.get('content-type') ?? '', text),
  }
}

type Forget = () => void

function learnFields(secrets: Secrets, type: string, text: string): Forget {
  if (/json/i.test(type)) return learnJson(secrets, text)
  const fields = /x-www-form-urlencoded/i.test(type) ? [...new URLSearchParams(text)] : []
  return all(fields.map(([name, value]) => learnField(secrets, name, value)))
}

const all = (forgets: readonly Forget[]): Forget => {
  return () => {
    for (const forget of forgets) forget()
  }
}

/** Also of an answer whose body may hold tokens: they must appear nowhere else. */
export function learnJson(secrets: Secrets, text: string): Forget {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return () => {}
  }
  const visit = (name: string, inner: unknown, depth: number): readonly Forget[] => {
    if (typeof inner === 'string') return [learnField(secrets, name, inner)]
    if (typeof inner !== 'object' || inner === null || depth > DEEPEST) return []
    return Object.entries(inner).flatMap(([key, each]) => visit(key, each, depth + 1))
  }
  return all(visit('', value, 0))
}

const DEEPEST = 8

/** A CSRF token is read by the page on purpose. */
function learnField(secrets: Secrets, name: string, value: string): Forget {
  if (/csrf|xsrf/i.test(name)) return () => {}
  if (/pass(?:word|phrase|wd)|^pwd$/i.test(name)) return secrets.learnPassword(value)
  if (/token|secret|^(?:access|refresh|jwt)$/i.test(name)) secrets.learn(value, `the field ${name}`)
  return () => {}
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
