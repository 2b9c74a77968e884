// Does the egress guard find a secret that leaves, in whatever disguise, and leave everything else alone?
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { EgressOptions } from 'lockjar/testing'
import { createEgress, EgressLeak, guardEgress } from 'lockjar/testing'
import { describe, expect, it } from 'vitest'
import { PASSWORD as ACCOUNT_PASSWORD, createTestAuth } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { leaks } from '../support/egress.ts'

const TOKEN =
  '7b1e4c52-9f7e-4d55-8c0e-51b6a4d7f201.q3tXw0yV9sKmZb1Lr8cPNg.0.k1d2f3a4.Zm9vYmFyLWJhei1xdXV4LW9uLXRoZS1tb29uLTEyMzQ'
const SECRET_COOKIE = `session=${TOKEN}; Path=/; HttpOnly`
const PASSWORD = 'tr0ub4dor & Zoë'
const ORIGIN = 'https://app.example.com'

/** Signs in, which shows the guard the token and the password, and then asks for `/leak`. */
async function leakOf(
  answer: (request: Request) => Response,
  options: EgressOptions = {},
  init: RequestInit = {},
) {
  const guarded = guardEgress(async (request: Request) => {
    if (!request.url.endsWith('/login')) return answer(request)
    await request.text()
    return new Response('{}', {
      headers: { 'set-cookie': SECRET_COOKIE, 'content-type': 'application/json' },
    })
  }, options)
  const login = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ password: PASSWORD }),
  }
  await guarded(new Request(`${ORIGIN}/login`, login))
  try {
    const response = await guarded(new Request(`${ORIGIN}/leak`, init))
    await response.text()
    return null
  } catch (error) {
    if (error instanceof EgressLeak) return error.message
    throw error
  }
}

const json = (value: unknown): Response => Response.json(value)
const text = (value: string, headers: HeadersInit = {}): Response => new Response(value, { headers })
const base64 = (value: string): string => Buffer.from(value).toString('base64')
const inUnicode = (value: string): string =>
  [...value].map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
const inEntities = (value: string): string =>
  [...value].map((character) => `&#${character.charCodeAt(0)};`).join('')
const inPercents = (value: string): string =>
  [...value].map((character) => `%${character.charCodeAt(0).toString(16)}`).join('')

const inLines = (value: string): string => value.replaceAll(/.{20}/g, '$&\n')
const random = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex')
const longWords = (count: number): string =>
  Array.from({ length: count }, () => base64(`a long enough text ${random()}`)).join(' ')
/** As `fetch` answers it that has followed redirects. */
const at = (url: string): Response => Object.defineProperty(new Response('fine'), 'url', { value: url })

/** In pieces of a few bytes each. */
function inChunks(value: string, size: number): Response {
  const bytes = new TextEncoder().encode(value)
  let at = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) controller.close()
      else controller.enqueue(bytes.slice(at, at + size))
      at += size
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

describe('a planted leak is found', () => {
  it.each<[what: string, answer: () => Response, told: RegExp]>([
    [
      'in JSON',
      () => json({ token: TOKEN }),
      /^the cookie session appears in the body of the answer to GET \/leak$/,
    ],
    ['in text', () => text(`hello ${TOKEN}!`), /the body/],
    [
      'in a page',
      () => text(`<script>const t = '${TOKEN}'</script>`, { 'content-type': 'text/html' }),
      /the body/,
    ],
    ['in a header', () => text('', { 'X-Token': TOKEN }), /the header x-token of/],
    [
      'in a redirect',
      () => new Response(null, { status: 302, headers: { location: `/?t=${TOKEN}` } }),
      /the header location/,
    ],
    ['in an ETag', () => text('', { etag: `"${TOKEN}"` }), /the header etag/],
    [
      'in a cookie that scripts read',
      () => text('', { 'set-cookie': `t=${TOKEN}` }),
      /Set-Cookie \(t, not HttpOnly\)/,
    ],
    [
      'in the path of a cookie that scripts read',
      () => text('', { 'set-cookie': `t=1; Path=/${TOKEN}` }),
      /not HttpOnly/,
    ],
    ['in small letters', () => text(TOKEN.toLowerCase()), /the body/],
    ['in capitals', () => text(TOKEN.toUpperCase()), /the body/],
    ['encoded for an address', () => text(inPercents(TOKEN)), /as percent-encoding/],
    [
      'encoded for an address twice',
      () => text(encodeURIComponent(inPercents(TOKEN))),
      /as percent-encoding of percent-encoding/,
    ],
    ['in JSON escapes', () => text(`"${inUnicode(TOKEN)}"`), /as JSON escapes/],
    ['in JSON within JSON', () => json({ inner: JSON.stringify({ token: `"${TOKEN}"` }) }), /the body/],
    ['in HTML entities', () => text(inEntities(TOKEN)), /as HTML entities/],
    ['in base64', () => text(base64(TOKEN)), /as base64/],
    ['in base64url', () => text(Buffer.from(TOKEN).toString('base64url')), /as base64/],
    ['in base64 of something longer', () => text(base64(`{"a":1,"token":"${TOKEN}"}`)), /as base64/],
    ['in base64 behind a letter', () => text(`x${base64(TOKEN)}`), /as base64/],
    ['in base64 of base64', () => text(base64(base64(TOKEN))), /as base64 of base64/],
    ['in base64 of an address', () => text(base64(inPercents(TOKEN))), /as base64 of percent-encoding/],
    ['in hex', () => text(Buffer.from(TOKEN).toString('hex')), /as hex/],
    ['backwards', () => text([...TOKEN].reverse().join('')), /as itself backwards/],
    ['in lines', () => text(TOKEN.replaceAll(/.{20}/g, '$&\n')), /as pieces/],
    ['put together by a script', () => text(TOKEN.replaceAll(/.{20}/g, `$&' + '`)), /as pieces/],
    ['its first half', () => text(TOKEN.slice(0, 60)), /^the first half of the cookie session/],
    ['its second half', () => text(TOKEN.slice(56)), /^the second half of the cookie session/],
    [
      'its signature alone, as whoever takes a token apart may show it',
      () => json({ id: TOKEN.slice(0, 36), signature: TOKEN.split('.').at(-1) }),
      /^the signature of the cookie session/,
    ],
    [
      'among many hashes, in lines',
      () =>
        text(`${'deadbeef'.repeat(8)} `.repeat(60).replaceAll(/ /g, () => ` ${random()}`) + inLines(TOKEN)),
      /as pieces/,
    ],
    ['among long words, in base64', () => text(`${longWords(200)} ${base64(TOKEN)}`), /as base64/],
    [
      'in a compressed body',
      () => new Response(gzipSync(TOKEN), { headers: { 'content-encoding': 'gzip' } }),
      /the body/,
    ],
    [
      'in compressed JSON',
      () =>
        new Response(brotliCompressSync(JSON.stringify({ TOKEN })), {
          headers: { 'content-encoding': 'br', 'content-type': 'application/json' },
        }),
      /the body/,
    ],
    ['in the line before the headers', () => new Response('', { statusText: TOKEN }), /the status of/],
    ['where redirects have led', () => at(`${ORIGIN}/?token=${TOKEN}`), /the address of the answer/],
    ['the password', () => json({ echo: PASSWORD }), /^the password appears/],
    [
      'the password for an address',
      () => text(encodeURIComponent(PASSWORD)),
      /^the password appears .* as percent-encoding/,
    ],
    [
      'the password in HTML',
      () => text(PASSWORD.replace('&', '&#38;').replace('ë', '&#xEB;')),
      /as HTML entities/,
    ],
  ])('%s', async (_what, answer, told) => {
    const message = await leakOf(answer)
    expect(message).toMatch(told)
    expect(message?.toLowerCase()).not.toContain(TOKEN.slice(40, 60).toLowerCase())
  })

  it.each([1, 3, 7, 64, 1000])('over the borders of chunks of %i bytes', async (size) => {
    expect(await leakOf(() => inChunks(`data: ${'x'.repeat(2000)} ${TOKEN}\n\n`, size))).toMatch(/the body/)
    expect(await leakOf(() => inChunks(`data: ${base64(TOKEN)}\n\n`, size))).toMatch(/as base64/)
    expect(await leakOf(() => inChunks(`data: ${'é'.repeat(999)}\n\n`, size))).toBeNull()
  })

  it('in the address of a request, unless that is switched off, and is not written into the message', async () => {
    const seen: string[] = []
    const onLeak = (leak: EgressLeak) => seen.push(leak.message)
    const guarded = (addresses: boolean) => {
      const made = guardEgress(async () => json({}), { addresses, onLeak })
      made.learn(TOKEN, 'the token of a link')
      return made(new Request(`${ORIGIN}/${TOKEN}?a=1`))
    }
    await expect(guarded(true)).rejects.toThrow('the token of a link appears in the address of a request')
    expect((await guarded(false)).status).toBe(200)
    const named = guardEgress(async () => json({ TOKEN }), { addresses: false, onLeak })
    named.learn(TOKEN, 'it')
    await expect(named(new Request(`${ORIGIN}/${TOKEN}`))).rejects.toThrow('the body of the answer to GET …')
    expect(seen).toHaveLength(2)
    expect(named.leaks).toHaveLength(1)
  })

  it('in a line of the log, whatever part of it, and the line is written all the same', () => {
    const lines: unknown[] = []
    const write = (...line: unknown[]) => lines.push(line)
    const egress = createEgress()
    egress.learn(TOKEN, 'it')
    const logger = egress.guardLogger({ info: write, warn: write, error: write })
    logger.info({ event: 'fine' }, 'fine')
    expect(() => logger.warn({ detail: TOKEN }, 'x')).toThrow(/a line of the log/)
    expect(() => logger.error({}, `refused ${TOKEN}`)).toThrow(EgressLeak)
    expect(() => logger.error({ error: new Error('x', { cause: new Error(TOKEN) }) }, 'x')).toThrow(
      EgressLeak,
    )
    expect(lines).toHaveLength(4)
  })

  it.each<[what: string, error: unknown]>([
    ['the cause of a cause', new Error('x', { cause: new Error('y', { cause: new Error(TOKEN) }) })],
    ['a cause that is no error', new Error('x', { cause: { token: TOKEN } })],
    [
      'what a library hangs on its error',
      Object.assign(new Error('x'), { config: { headers: { a: TOKEN } } }),
    ],
    ['one of several errors', new AggregateError([new Error(TOKEN)], 'x')],
    ['bytes', Buffer.from(TOKEN)],
    ['what refers to itself', Object.assign([TOKEN], { self: null as unknown })],
  ])('in a line of the log, in %s', (_what, error) => {
    if (Array.isArray(error)) Object.assign(error, { self: error })
    const egress = createEgress()
    egress.learn(TOKEN, 'it')
    const logger = egress.guardLogger({ info: () => {}, warn: () => {}, error: () => {} })
    expect(() => logger.error({ error } as never, 'x')).toThrow(EgressLeak)
  })

  it('in a line of the log, also where nobody sees what the logger throws: the answer is rejected', async () => {
    const egress = createEgress()
    egress.learn(TOKEN, 'it')
    const logger = egress.guardLogger({ info: () => {}, warn: () => {}, error: () => {} })
    const handler = egress.guard(async (request: Request) => {
      try {
        if (request.url.endsWith('/leak')) logger.warn({ detail: TOKEN }, 'x')
      } catch {}
      return new Response('fine')
    })
    await expect(handler(new Request('http://localhost/leak'))).rejects.toThrow(/a line of the log/)
    expect((await handler(new Request('http://localhost/'))).status).toBe(200)
  })

  it.each<[what: string, init: RequestInit]>([
    ['the token of a header', { headers: { authorization: `Bearer ${TOKEN}` } }],
    ['a field of a form', { method: 'POST', body: new URLSearchParams({ refresh: TOKEN }) }],
    [
      'a field of JSON, however deep',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ a: [{ idToken: TOKEN }] }),
      },
    ],
  ])('of %s, of which nothing was known before', async (_what, init) => {
    const guarded = guardEgress(
      async (request: Request) => {
        await request.text()
        return json({ TOKEN })
      },
      { addresses: false },
    )
    await expect(guarded(new Request(ORIGIN, init))).rejects.toThrow(EgressLeak)
  })
})

describe('what is no leak goes through', () => {
  const HEX = 'deadbeef'.repeat(8)
  it.each<[what: string, answer: () => Response]>([
    ['the HttpOnly cookie itself', () => text('', { 'set-cookie': SECRET_COOKIE })],
    ['another token', () => json({ token: TOKEN.replaceAll(/[a-z]/g, 'x') })],
    ['the public id at its beginning', () => json({ id: TOKEN.slice(0, 36) })],
    ['long base64 and hex of other things', () => text(`${base64(HEX)} ${HEX} ${base64('x'.repeat(3000))}`)],
    ['an empty answer', () => new Response(null, { status: 204 })],
    ['bytes', () => new Response(new Uint8Array(1000).map((_, index) => index % 256))],
  ])('%s', async (_what, answer) => {
    expect(await leakOf(answer)).toBeNull()
  })

  it.each<[what: string, init: RequestInit]>([
    ['a CSRF token', { method: 'POST', body: new URLSearchParams({ csrfmiddlewaretoken: TOKEN }) }],
    ['a short value', { method: 'POST', body: new URLSearchParams({ token: 'abc', password: 'abc1234' }) }],
  ])('%s, which is no secret', async (_what, init) => {
    const guarded = guardEgress(
      async (request: Request) => {
        await request.text()
        return json({ TOKEN, abc: 'abc abc1234' })
      },
      { addresses: false },
    )
    expect((await guarded(new Request(ORIGIN, init))).status).toBe(200)
  })

  it('a password that was refused, from the next answer on', async () => {
    const guarded = guardEgress(async (request: Request) => {
      if (request.method === 'GET') return text(PASSWORD)
      const { echo } = (await request.json()) as { echo: boolean }
      return Response.json(echo ? PASSWORD : '', { status: 422 })
    })
    const post = (echo: boolean) =>
      guarded(
        new Request(ORIGIN, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ echo, password: PASSWORD }),
        }),
      )
    await expect(post(true)).rejects.toThrow('the password appears')
    await post(false)
    expect(await (await guarded(new Request(ORIGIN))).text()).toBe(PASSWORD)
  })

  it('a request whose body nobody reads, or that never ends', async () => {
    const body = new ReadableStream({ pull: () => new Promise(() => {}) })
    const guarded = guardEgress(async () => json({}))
    const init = { method: 'POST', body, duplex: 'half' as const }
    expect((await guarded(new Request(ORIGIN, init))).status).toBe(200)
  })

  it('tokens in the body for a client that asks for them and is no browser, and only there', async () => {
    const ask = { 'lockjar-tokens': 'body' }
    const tokens = () => json({ accessToken: TOKEN })
    expect(await leakOf(tokens, {}, { headers: ask })).toBeNull()
    expect(await leakOf(tokens, {}, { headers: { ...ask, origin: ORIGIN } })).toMatch(/the body/)
    expect(await leakOf(() => text('', { 'x-token': TOKEN }), {}, { headers: ask })).toMatch(/x-token/)
    expect(await leakOf(tokens, { mayReceiveTokens: () => true })).toBeNull()
    const guarded = guardEgress(async ({ headers }: Request) =>
      headers.has('lockjar-tokens') ? tokens() : text(TOKEN),
    )
    await guarded(new Request(ORIGIN, { headers: ask }))
    await expect(guarded(new Request(ORIGIN)).then((response) => response.text())).rejects.toThrow(
      'the field accessToken',
    )
  })

  it('an answer stays as it is: status, headers, several cookies, body, and a stream is not kept waiting', async () => {
    let more: ReadableStreamDefaultController<Uint8Array> | undefined
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        more = controller
        controller.enqueue(new TextEncoder().encode('one'))
      },
    })
    const headers = new Headers([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-own', '1'],
    ])
    const guarded = guardEgress(async () => new Response(body, { status: 201, headers }))
    guarded.learn(TOKEN, 'it')
    const response = await guarded(new Request(ORIGIN))
    expect([response.status, response.headers.getSetCookie(), response.headers.get('x-own')]).toEqual([
      201,
      ['a=1', 'b=2'],
      '1',
    ])
    const reader = response.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('one')
    more?.close()
  })

  it('a fetch is guarded as a handler is', async () => {
    const guarded = guardEgress(fetch)
    const data = `data:application/json,${encodeURIComponent(JSON.stringify({ hello: 'world' }))}`
    expect(await (await guarded(new Request(data))).json()).toEqual({ hello: 'world' })
  })

  it('no more than 512 secrets are kept', async () => {
    const egress = createEgress()
    for (let number = 0; number < 600; number++) egress.learn(`${number}`.padStart(40, 'x'), 'it')
    expect(() => egress.check('0'.padStart(40, 'x'), 'here')).not.toThrow()
    expect(() => egress.check('599'.padStart(40, 'x'), 'here')).toThrow(EgressLeak)
  })
})

it('Lockjar’s own tests are guarded: what a handler gives away fails them', async () => {
  const { auth } = await createTestAuth()
  const browser = new TestBrowser(auth.handler, 'https://app.example.com')
  await browser.post('/auth/register', { email: 'ada@example.com', password: ACCOUNT_PASSWORD })
  const token = browser.cookie('access_token')
  const app = auth.protect(() => Response.json({ token: base64(token) }))
  await expect(browser.copy(app).get('/api/x')).rejects.toThrow(EgressLeak)
  // Or this test would fail of them, as any other would.
  expect(leaks.splice(0)).toHaveLength(1)
})
