// Is an application told on the developer's machine that it hands its page the token, and is everything else left as it is?
import type { LogFields } from 'lockjar'
import { createAuth } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { createBrowser } from 'lockjar/testing'
import { describe, expect, it } from 'vitest'
import { PASSWORD, SECRET } from '../support/auth.ts'
import { createTestClock } from '../support/clock.ts'

type Answer = (token: string, request: Request) => Response

/** Not through test/support/auth.ts, whose guard would find the token first. */
async function setUp({ baseURL = 'http://localhost:3000', strategy = 'jwt' as 'jwt' | 'opaque' } = {}) {
  const clock = createTestClock()
  const log: LogFields[] = []
  const write = (fields: LogFields) => log.push(fields)
  const cheap = baseURL.startsWith('http:') && { argon2: { memory: 64, passes: 1 } }
  const auth = await createAuth({
    baseURL,
    strategy,
    secret: SECRET,
    database: openMemory(clock),
    clock,
    rateLimits: 'off',
    logger: { info: () => {}, warn: write, error: write },
    ...cheap,
  })
  let answer: Answer = () => new Response()
  const tokenOf = () => [...browser.jar].find(({ name }) => /access_token$|session$/.test(name))?.value ?? ''
  const app = auth.protect((request) => answer(tokenOf(), request), { anonymous: true })
  const browser = createBrowser(
    (request) => (auth.owns(new URL(request.url).pathname) ? auth.handler(request) : app(request)),
    { origin: baseURL, clock },
  )
  await browser.fetch('/auth/register', {
    method: 'POST',
    json: { email: 'ada@example.com', password: PASSWORD },
  })
  const ask = (next: Answer, options = {}) => {
    answer = next
    return browser.fetch('/api/x', options)
  }
  return { browser, ask, log, tokenOf }
}

const html = (text: string) => new Response(text, { headers: { 'content-type': 'text/html' } })

function chunks(parts: readonly string[], type: string): Response {
  let at = 0
  const body = new ReadableStream({
    pull(controller) {
      const part = parts[at++]
      if (part === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(part))
    },
  })
  return new Response(body, { headers: { 'content-type': type } })
}

describe('an answer that holds the token of its request is refused on http', () => {
  it.each<[what: string, answer: Answer]>([
    ['in JSON', (token) => Response.json({ token })],
    ['in a page', (token) => html(`<meta content="${token}">`)],
    ['in a header', (token) => new Response('', { headers: { 'x-token': token } })],
    ['in a redirect', (token) => Response.redirect(`http://localhost:3000/?t=${token}`)],
    [
      'in a cookie that scripts read',
      (token) => new Response('', { headers: { 'set-cookie': `t=${token}` } }),
    ],
    [
      'in problem+json',
      (detail) =>
        new Response(JSON.stringify({ detail }), { headers: { 'content-type': 'application/problem+json' } }),
    ],
    [
      'in a script',
      (token) => new Response(token, { headers: { 'content-type': 'application/javascript' } }),
    ],
  ])('%s', async (_what, answer) => {
    const { ask, log, tokenOf } = await setUp()
    const response = await ask(answer)
    const text = await response.text()
    expect(response.status).toBe(500)
    expect(JSON.parse(text)).toMatchObject({
      code: 'internal_error',
      detail: expect.stringContaining('holds the token of the request'),
    })
    expect(text + JSON.stringify([...response.headers])).not.toContain(tokenOf())
    expect(log).toEqual([{ event: 'answer.held_token', where: expect.any(String), path: '/api/x' }])
  })

  it('with the opaque strategy too', async () => {
    const { ask } = await setUp({ strategy: 'opaque' })
    expect((await ask((token) => Response.json({ token }))).status).toBe(500)
  })

  it.each(['text/html', 'text/event-stream', 'application/x-ndjson'])(
    'and cut off where it comes later, in pieces, as %s',
    async (type) => {
      const { ask, log } = await setUp()
      const response = await ask((token) =>
        chunks(['data: hello\n', `data: ${token.slice(0, 40)}`, token.slice(40)], type),
      )
      expect(response.status).toBe(200)
      await expect(response.text()).rejects.toThrow()
      expect(log).toHaveLength(1)
    },
  )
})

describe('everything else stays as it is', () => {
  it.each<[what: string, answer: Answer]>([
    ['JSON', () => Response.json({ hello: 'world' })],
    ['another token', (token) => Response.json({ token: token.replace(/.$/, '') })],
    [
      'a cookie that no script reads',
      (token) => new Response('{}', { headers: { 'set-cookie': `t=${token}; HttpOnly` } }),
    ],
    ['bytes', (token) => new Response(token, { headers: { 'content-type': 'application/octet-stream' } })],
    ['nothing', () => new Response(null, { status: 204 })],
    ['many pieces', () => chunks(['a', 'b', 'é', '', 'c'], 'text/plain')],
    ['an empty stream', () => chunks([], 'text/html')],
  ])('%s', async (_what, answer) => {
    const { ask, log, tokenOf } = await setUp()
    const expected = answer(tokenOf(), new Request('http://localhost:3000/'))
    const response = await ask(answer)
    expect([response.status, await response.text()]).toEqual([expected.status, await expected.text()])
    expect(log).toEqual([])
  })

  it('a stream whose first piece comes late does not keep its head waiting, and is told when nobody reads it', async () => {
    const { ask } = await setUp()
    let cancelled = false
    const body = new ReadableStream({
      cancel() {
        cancelled = true
      },
    })
    const response = await ask(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
    expect(response.status).toBe(200)
    await response.body?.cancel()
    expect(cancelled).toBe(true)
  })

  it('a body that fails at once fails as before', async () => {
    const { ask } = await setUp()
    const body = new ReadableStream({ pull: () => Promise.reject(new Error('the disk is full')) })
    const response = await ask(() => new Response(body, { headers: { 'content-type': 'text/html' } }))
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('the disk is full')
  })

  it('without a cookie there is nothing to look for', async () => {
    const { ask, tokenOf } = await setUp()
    const token = tokenOf()
    expect(await (await ask(() => Response.json(token), { credentials: 'omit' })).json()).toBe(token)
  })

  it('on https nothing is looked at: that is what the egress guard of tests is for', async () => {
    const { ask, tokenOf } = await setUp({ baseURL: 'https://app.example.com' })
    expect(await (await ask((token) => Response.json(token))).json()).toBe(tokenOf())
  })
})
