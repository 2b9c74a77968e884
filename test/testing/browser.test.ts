// Does the test kit's browser send what a browser sends? test/browser/jar.test.ts compares it with the real Chromium.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Handler } from 'lockjar/testing'
import { createBrowser, createTestClock, overNetwork } from 'lockjar/testing'
import { describe, expect, it, onTestFinished } from 'vitest'

const APP = 'https://app.example.com'
const EVIL = 'https://www.evil.example'

/** What the handler was asked, the newest last. */
function setUp(answer: (request: Request) => Response | undefined = () => undefined, origin = APP) {
  const asked: Request[] = []
  const handler: Handler = (request) => {
    asked.push(request)
    return answer(request) ?? new Response('ok')
  }
  const browser = createBrowser(handler, { origin, clock: createTestClock() })
  const last = (name: string) => asked.at(-1)?.headers.get(name) ?? null
  return { asked, browser, last }
}

const facts = (request: Request | undefined) =>
  ['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-user', 'origin'].map(
    (name) => request?.headers.get(name) ?? null,
  )

describe('a request says where it comes from', () => {
  it('a typed address, a link, a form, a script, an image, a frame', async () => {
    const { asked, browser } = setUp()
    const evil = browser.open(EVIL)
    const seen = async (act: Promise<unknown>) => {
      await act
      return facts(asked.at(-1))
    }
    expect(await seen(browser.navigate('/x'))).toEqual(['none', 'navigate', 'document', '?1', null])
    expect(await seen(browser.click('/y'))).toEqual(['same-origin', 'navigate', 'document', '?1', null])
    expect(await seen(evil.click(APP))).toEqual(['cross-site', 'navigate', 'document', '?1', null])
    const form = ['cross-site', 'navigate', 'document', '?1', EVIL]
    expect(await seen(browser.open(EVIL).submit(`${APP}/x`))).toEqual(form)
    expect(await seen(browser.fetch('/x'))).toEqual(['same-origin', 'cors', 'empty', null, null])
    expect(await seen(browser.fetch('/x', { method: 'post' }))).toEqual([
      'same-origin',
      'cors',
      'empty',
      null,
      APP,
    ])
    expect(await seen(browser.load('https://www.example.com/i.png'))).toEqual([
      'same-site',
      'no-cors',
      'image',
      null,
      null,
    ])
    expect(await seen(browser.open(EVIL).frame(APP))).toEqual([
      'cross-site',
      'navigate',
      'iframe',
      null,
      null,
    ])
    expect(asked.at(-1)?.headers.get('host')).toBe('app.example.com')
  })

  it('a sandboxed frame is of no origin, and its script has no cookies', async () => {
    const { asked, browser } = setUp(() => new Response('', { headers: { 'set-cookie': 'a=1; Path=/' } }))
    await browser.navigate('/')
    const frame = await browser.frame('/', { sandbox: true })
    await frame.submit('/x')
    expect(facts(asked.at(-1))).toEqual(['cross-site', 'navigate', 'iframe', null, 'null'])
    for (const name of ['cookie', 'referer']) expect(asked.at(-1)?.headers.get(name)).toBeNull()
    expect([frame.cookie, browser.cookie]).toEqual(['', 'a=1'])
    frame.cookie = 'b=1'
    expect(browser.cookie).toBe('a=1')
  })

  it('no script sets what the browser sets itself', async () => {
    const { browser, last } = setUp()
    const headers = {
      Origin: EVIL,
      cookie: 'a=1',
      'sec-fetch-site': 'none',
      host: 'x',
      referer: EVIL,
      'X-Own': '1',
    }
    await browser.fetch('/x', { headers })
    expect(['origin', 'cookie', 'sec-fetch-site', 'host', 'referer', 'x-own'].map(last)).toEqual([
      null,
      null,
      'same-origin',
      'app.example.com',
      `${APP}/`,
      '1',
    ])
  })

  it('over plain http there is no Fetch Metadata, and an https page tells no http address where it came from', async () => {
    const { browser, last } = setUp()
    await browser.click('http://app.example.com/')
    expect([last('sec-fetch-site'), last('referer')]).toEqual([null, null])
  })
})

describe('bodies are sent as a page sends them', () => {
  it.each<[type: Parameters<typeof JSON.stringify>[0], sent: RegExp, text: string]>([
    [undefined, /^application\/x-www-form-urlencoded/, 'a=1+2'],
    ['text/plain', /^text\/plain$/, 'a=1 2\r\n'],
    ['multipart/form-data', /^multipart\/form-data; boundary=/, 'name="a"\r\n\r\n1 2\r\n'],
  ])('a form of the type %s', async (type, sent, text) => {
    const { asked, browser } = setUp()
    await browser.submit('/x', { fields: { a: '1 2' }, type })
    expect(asked[0]?.headers.get('content-type')).toMatch(sent)
    expect(await asked[0]?.text()).toContain(text)
  })

  it('a form that asks, in the address; JSON, with its type', async () => {
    const { asked, browser } = setUp()
    await browser.submit('/x?old=1', { method: 'GET', fields: { a: '1 2' } })
    expect(browser.url).toBe(`${APP}/x?a=1+2`)
    await browser.fetch('/x', { method: 'POST', json: { a: 1 } })
    expect([asked[1]?.headers.get('content-type'), await asked[1]?.text()]).toEqual([
      'application/json',
      '{"a":1}',
    ])
  })
})

describe('redirects are followed', () => {
  const by = (status: number) => (request: Request) =>
    request.url.endsWith('/from') ? new Response(null, { status, headers: { location: '/to' } }) : undefined

  it.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'a=1'],
    [308, 'POST', 'a=1'],
  ])('a POST that is answered with %i goes on as %s', async (status, method, text) => {
    const { asked, browser } = setUp(by(status))
    await browser.submit('/from', { fields: { a: '1' } })
    expect([asked[1]?.method, await asked[1]?.text(), browser.url]).toEqual([method, text, `${APP}/to`])
  })

  it('20 times, and the cookies of each are kept', async () => {
    let hops = 0
    const { browser, asked } = setUp(() => {
      const headers = new Headers({ location: `/${hops}`, 'set-cookie': `hop${hops++}=1; Path=/` })
      return new Response(null, { status: 302, headers })
    })
    await expect(browser.fetch('/')).rejects.toThrow(/redirects more than 20 times/)
    expect(asked.length).toBe(21)
    expect(asked.at(-1)?.headers.get('cookie')).toContain('hop19=1')
  })

  it('or not, as the page asks; an answer without content leaves the page where it is', async () => {
    const { browser } = setUp(by(302))
    expect((await browser.fetch('/from', { redirect: 'manual' })).status).toBe(302)
    await expect(browser.fetch('/from', { redirect: 'error' })).rejects.toThrow(/asked for none/)
    const quiet = setUp(() => new Response(null, { status: 204 })).browser
    await quiet.click('/elsewhere')
    expect(quiet.url).toBe(`${APP}/`)
  })
})

describe('CORS is what it is in a browser', () => {
  const allowing = (headers: Record<string, string>) => () => new Response('ok', { headers })
  const OPEN = { 'access-control-allow-origin': EVIL, 'access-control-allow-credentials': 'true' }

  it.each<[what: string, headers: Record<string, string>, options: object, told: RegExp | null]>([
    ['nothing is said', {}, {}, /there is no Access-Control-Allow-Origin/],
    ['everybody may', { 'access-control-allow-origin': '*' }, {}, null],
    [
      'everybody may, with credentials',
      { 'access-control-allow-origin': '*' },
      { credentials: 'include' },
      /is \* for a request with credentials/,
    ],
    ['another may', { 'access-control-allow-origin': APP }, {}, /is https:\/\/app\.example\.com, not/],
    ['it may', OPEN, { credentials: 'include' }, null],
    [
      'it may, but not with credentials',
      { 'access-control-allow-origin': EVIL },
      { credentials: 'include' },
      /Credentials is not true/,
    ],
    ['it puts, and may not', OPEN, { method: 'PUT' }, /Allow-Methods does not name PUT/],
    ['it puts', { ...OPEN, 'access-control-allow-methods': 'GET, PUT' }, { method: 'PUT' }, null],
    [
      'it puts where everything is allowed',
      { ...OPEN, 'access-control-allow-methods': '*' },
      { method: 'PUT' },
      null,
    ],
    [
      'the same with credentials',
      { ...OPEN, 'access-control-allow-methods': '*' },
      { method: 'PUT', credentials: 'include' },
      /does not name PUT/,
    ],
    ['it has a header of its own', OPEN, { headers: { 'X-Own': '1' } }, /Allow-Headers does not name x-own/],
    [
      'it may have it',
      { ...OPEN, 'access-control-allow-headers': 'X-Own' },
      { headers: { 'X-Own': '1' } },
      null,
    ],
    [
      'Authorization is not everything',
      { ...OPEN, 'access-control-allow-headers': '*' },
      { headers: { Authorization: 'x' } },
      /does not name authorization/,
    ],
    ['JSON is asked for first', OPEN, { method: 'POST', json: {} }, /does not name content-type/],
    ['a form is not', OPEN, { method: 'POST', body: new URLSearchParams({ a: '1' }) }, null],
    ['no-cors asks nobody', {}, { mode: 'no-cors', method: 'POST' }, null],
    ['same-origin does not leave', OPEN, { mode: 'same-origin' }, /of another origin/],
  ])('where %s', async (_what, headers, options, told) => {
    const { browser } = setUp(allowing(headers))
    const sent = browser.open(EVIL).fetch(`${APP}/x`, options)
    if (told === null) expect((await sent).status).toBe(200)
    else await expect(sent).rejects.toThrow(told)
  })

  it('a preflight that fails stops the request, and one that was not to be read has been sent', async () => {
    const { asked, browser } = setUp()
    const evil = browser.open(EVIL)
    await expect(evil.fetch(APP, { method: 'DELETE' })).rejects.toThrow(/is not sent/)
    await expect(evil.fetch(APP, { method: 'POST' })).rejects.toThrow(/may not read/)
    expect(asked.map(({ method }) => method)).toEqual(['OPTIONS', 'POST'])
  })

  it('a preflight that is answered with an error allows nothing', async () => {
    const { browser } = setUp(
      ({ method }) =>
        new Response('', {
          status: method === 'OPTIONS' ? 404 : 200,
          headers: { ...OPEN, 'access-control-allow-methods': 'PUT' },
        }),
    )
    await expect(browser.open(EVIL).fetch(APP, { method: 'PUT' })).rejects.toThrow(/answered with 404/)
  })
})

it('cookies go and come as credentials say, and Clear-Site-Data takes them all', async () => {
  let headers: Record<string, string> = { 'set-cookie': 'a=1; Path=/; HttpOnly' }
  const { browser, last } = setUp(() => new Response('', { headers }))
  await browser.fetch('/', { credentials: 'omit' })
  expect([...browser.jar]).toEqual([])
  await browser.fetch('/')
  await browser.fetch('/', { credentials: 'omit' })
  expect(last('cookie')).toBeNull()
  await browser.fetch('/')
  expect([last('cookie'), browser.cookie]).toEqual(['a=1', ''])
  headers = { 'clear-site-data': 'cookies' }
  await browser.fetch('/')
  expect([...browser.jar].length).toBe(1)
  headers = { 'clear-site-data': '"cache", "cookies"' }
  await browser.fetch('/')
  expect([...browser.jar]).toEqual([])
})

describe('over the network', () => {
  async function listen(listener: Parameters<typeof createServer>[1]): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    await new Promise((resolve) => server.once('listening', resolve))
    return `http://app.example.test:${(server.address() as AddressInfo).port}`
  }
  const network = (options = {}) => overNetwork({ resolve: () => '127.0.0.1', ...options })

  it('headers arrive as they are, cookies come back one by one', async () => {
    const origin = await listen((incoming, outgoing) => {
      let text = ''
      incoming.on('data', (chunk) => {
        text += chunk
      })
      incoming.on('end', () => {
        outgoing.setHeader('Set-Cookie', ['a=1, 2; Path=/', 'b=2; Path=/'])
        outgoing.end(JSON.stringify({ method: incoming.method, ...incoming.headers, text }))
      })
    })
    const browser = createBrowser(network(), { origin })
    await browser.navigate('/')
    const got = await (await browser.submit('/x', { fields: { a: '1' } })).json()
    expect(got).toMatchObject({
      method: 'POST',
      cookie: 'a=1, 2; b=2',
      origin,
      host: new URL(origin).host,
      text: 'a=1',
    })
    expect(got).not.toHaveProperty('sec-fetch-mode')
  })

  it('nobody who answers, too slow an answer and too long a one are errors', async () => {
    const origin = await listen((incoming, outgoing) => {
      if (incoming.url === '/long') outgoing.end('x'.repeat(1000))
      if (incoming.url === '/none') outgoing.writeHead(204).end()
    })
    const at = (url: string, options = {}) => network(options)(new Request(origin + url))
    expect((await at('/none')).status).toBe(204)
    await expect(at('/slow', { timeout: 50 })).rejects.toThrow(/GET .*: nobody answers/)
    const long = await at('/long', { mostBytes: 999 })
    await expect(long.text()).rejects.toThrow(/longer than 999 bytes/)
    await expect(overNetwork()(new Request('http://127.0.0.1:1/'))).rejects.toThrow(/nobody answers/)
  }, 8000)
})
