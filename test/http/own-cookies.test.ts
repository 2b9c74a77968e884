// Can an application set and read cookies of its own, safely unless it says otherwise? (row D3)
import type { OwnCookieOptions } from 'lockjar'
import { describe, expect, it } from 'vitest'
import { Application } from '../support/application.ts'
import { createTestAuth, ORIGIN, SECRET } from '../support/auth.ts'
import { parseSetCookie } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const OTHER_SECRET = 'YW5vdGhlci1zZWNyZXQtb2YtMzItcmFuZG9tLWJ5dGVzIQ'

async function open(baseURL = LOCAL, options = {}) {
  const made = await createTestAuth({ baseURL, ...options })
  return { ...made, app: new Application(made.auth) }
}

const TEXTS = [
  'light',
  '',
  ' ',
  'a;b,c"d\\e',
  'grün 🌿',
  '100%',
  'a=b; HttpOnly',
  '\r\nSet-Cookie: x=1',
  '\u0000',
  'x.y.z',
]
const FORMS: readonly (readonly [form: string, options: OwnCookieOptions])[] = [
  ['plain', {}],
  ['signed', { sign: true }],
  ['sealed', { seal: true }],
]

describe('D3: cookies.set', () => {
  it.each([
    [LOCAL, {}, 'theme=dark; Path=/; HttpOnly; SameSite=Lax'],
    [LOCAL, { maxAge: '1d' }, 'theme=dark; Max-Age=86400; Path=/; HttpOnly; SameSite=Lax'],
    [
      LOCAL,
      { maxAge: 90, httpOnly: false, sameSite: 'Strict' },
      'theme=dark; Max-Age=90; Path=/; SameSite=Strict',
    ],
    [ORIGIN, {}, '__Host-Http-theme=dark; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [ORIGIN, { httpOnly: false }, '__Host-theme=dark; Path=/; Secure; SameSite=Lax'],
    [ORIGIN, { path: '/shop' }, '__Secure-theme=dark; Path=/shop; Secure; HttpOnly; SameSite=Lax'],
    [ORIGIN, { sameSite: 'None' }, '__Host-Http-theme=dark; Path=/; Secure; HttpOnly; SameSite=None'],
  ] as const)('at %s with %j writes the strictest line there is: %s', async (baseURL, options, line) => {
    const { app } = await open(baseURL)
    const sent = await app.visit(({ cookies }) => cookies.set('theme', 'dark', options))
    expect(sent.headers.getSetCookie()).toEqual([line])
    expect(sent.headers.get('cache-control')).toBe('no-store')
  })

  it('is deleted with the path and name that it was set with', async () => {
    const { app } = await open(ORIGIN)
    const shop = { path: '/shop' }
    const sent = await app.visit(({ cookies }) => {
      cookies.set('theme', 'dark')
      cookies.delete('theme')
      cookies.delete('theme', shop)
    })
    expect(sent.headers.getSetCookie()).toEqual([
      '__Host-Http-theme=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax',
      '__Secure-theme=; Max-Age=0; Path=/shop; Secure; HttpOnly; SameSite=Lax',
    ])
  })

  it.each([
    ['sessionid', {}, "one of Lockjar's own"],
    ['csrftoken', {}, "one of Lockjar's own"],
    ['Access_Token', {}, "one of Lockjar's own"],
    ['__Host-theme', {}, 'write the base name'],
    ['__secure-theme', {}, 'write the base name'],
    ['my theme', {}, 'not a cookie name'],
    ['', {}, 'not a cookie name'],
    ['theme', { sameSite: 'None' }, 'SameSite=None needs Secure'],
    ['theme', { sameSite: 'none' }, 'sameSite must be'],
    ['theme', { path: 'shop' }, 'is not one such as /shop'],
    ['theme', { path: '/shop; Domain=evil.example' }, 'is not one such as /shop'],
    ['theme', { maxAge: 0 }, 'to end it, delete it'],
    ['theme', { maxAge: 1.5 }, 'to end it, delete it'],
    ['theme', { maxAge: '1 day' }, 'to end it, delete it'],
    ['theme', { sign: true, seal: true }, 'choose sign or seal'],
  ])('of %j with %j is a mistake of the program, and says which', async (name, options, reason) => {
    const { app } = await open()
    const mistakes = await app.run(({ cookies }) => {
      const told: string[] = []
      for (const attempt of [
        () => cookies.set(name, 'x', options as OwnCookieOptions),
        () => cookies.delete(name, options as OwnCookieOptions),
      ]) {
        try {
          attempt()
        } catch (error) {
          told.push(error instanceof TypeError ? error.message : 'no TypeError')
        }
      }
      return told
    })
    expect(mistakes).toEqual([expect.stringContaining(reason), expect.stringContaining(reason)])
  })

  it.each(FORMS)(
    'refuses what a browser would drop for its size, when it is set, %s too',
    async (_form, options) => {
      const { app } = await open()
      const sent = await app.visit(({ cookies }) => {
        cookies.set('small', 'kept')
        cookies.set('large', 'x'.repeat(4096), options)
      })
      expect([sent.status, sent.body['code']]).toEqual([500, 'cookie_too_large'])
      expect(sent.body['detail']).toContain('large')
      expect(sent.cookies.map(({ name }) => name)).toEqual(['small'])
    },
  )

  it('refuses half a surrogate pair', async () => {
    const { app } = await open()
    for (const [, options] of FORMS)
      expect((await app.visit(({ cookies }) => cookies.set('a', '\ud800', options))).status).toBe(500)
  })

  it('sends one line for a name that is set twice, and reads back what this request has set', async () => {
    const { app } = await open()
    const sent = await app.visit(async ({ cookies }) => {
      cookies.set('theme', 'dark')
      cookies.set('theme', 'light')
      return cookies.get('theme')
    })
    expect([sent.text, sent.cookies.map(({ value }) => value)]).toEqual(['"light"', ['light']])
  })
})

describe.each(FORMS)('D3: a %s cookie', (form, options) => {
  it.each(TEXTS)('holds the text %j', async (text) => {
    const { app } = await open()
    const { cookies } = await app.visit((visit) => visit.cookies.set('note', text, options))
    expect(cookies.map(({ name }) => name)).toEqual(['note'])
    expect(await app.run((visit) => visit.cookies.get('note', 'absent', options))).toBe(text)
  })

  it('that is not there has its default', async () => {
    const { app } = await open()
    expect(await app.run((visit) => visit.cookies.get('note', 'light', options))).toBe('light')
    expect(await app.run((visit) => visit.cookies.get('note'))).toBe(null)
  })

  it('sent twice with different values has none; a sibling site planted one of them', async () => {
    const { app } = await open()
    await app.visit((visit) => visit.cookies.set('note', 'mine', options))
    const value = app.cookie('note')
    const cookie = (header: string) => ({ headers: { cookie: header } })
    const read = async (header: string) => {
      const visit = await (await open()).auth.visit(new Request(`${LOCAL}/`, cookie(header)))
      return visit.cookies.get('note', 'absent', options)
    }
    expect(await read(`note=${value}; note=${value}`)).toBe('mine')
    expect(await read(`note=${value}; note=planted`)).toBe('absent')
    expect(await read(`note=planted; note=${value}`)).toBe('absent')
  })

  it('is read under its prefixed name only, by case', async () => {
    const { app } = await open(ORIGIN)
    await app.visit((visit) => visit.cookies.set('note', 'mine', options))
    const value = app.cookie('note')
    for (const name of [
      'note',
      '__Secure-note',
      '__Host-note',
      '__host-http-note',
      '__Host-Http-Note',
      '\u00a0__Host-Http-note',
    ]) {
      app.jar.clear()
      app.jar.set(name, parseSetCookie(`${name}=${value}; Path=/`))
      expect(await app.run((visit) => visit.cookies.get('note', 'absent', options)), name).toBe('absent')
    }
  })

  if (form === 'plain') return

  it('changed by its holder in any character is none', async () => {
    const { app } = await open()
    await app.visit((visit) => visit.cookies.set('role', 'reader', options))
    const value = app.cookie('role')
    for (let at = 0; at < value.length; at++) {
      app.setCookie('role', value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1))
      expect(await app.run((visit) => visit.cookies.get('role', 'absent', options)), String(at)).toBe(
        'absent',
      )
    }
    for (const rubbish of ['', '.', '....', 'reader', `${value}.`, `.${value}`, value.slice(1)]) {
      app.setCookie('role', rubbish)
      expect(await app.run((visit) => visit.cookies.get('role', 'absent', options)), rubbish).toBe('absent')
    }
  })

  it('of one name is worth nothing under another, nor where the prefix is another', async () => {
    const { app } = await open(ORIGIN)
    await app.visit((visit) => visit.cookies.set('role', 'admin', options))
    const value = app.cookie('role')
    for (const name of [
      '__Host-Http-rol',
      '__Host-Http-roles',
      '__Host-role',
      '__Secure-role',
      '__Host-Http-e',
    ]) {
      app.jar.set(name, parseSetCookie(`${name}=${value}; Path=/`))
    }
    const read = await app.run(({ cookies }) =>
      Promise.all([
        cookies.get('rol', null, options),
        cookies.get('roles', null, options),
        cookies.get('role', null, { ...options, httpOnly: false }),
        cookies.get('role', null, { ...options, path: '/x' }),
        cookies.get('e', null, options),
        cookies.get('role', null, options),
      ]),
    )
    expect(read).toEqual([null, null, null, null, null, 'admin'])
  })

  it('of another deployment, or in the other form, is none', async () => {
    const { app } = await open()
    await app.visit((visit) => visit.cookies.set('role', 'admin', options))
    const elsewhere = app.twin((await open(LOCAL, { secret: OTHER_SECRET })).auth)
    expect(await elsewhere.run((visit) => visit.cookies.get('role', null, options))).toBe(null)
    const other = form === 'signed' ? { seal: true } : { sign: true }
    expect(await app.run((visit) => visit.cookies.get('role', null, other))).toBe(null)
  })

  it('ends on the server when it does in the browser, and sooner where the reader says so', async () => {
    const { app, clock } = await open()
    await app.visit((visit) => visit.cookies.set('code', '1234', { ...options, maxAge: '10m' }))
    const read = (maxAge?: number) =>
      app.run((visit) => visit.cookies.get('code', 'absent', { ...options, ...(maxAge && { maxAge }) }))
    clock.advance(299_000)
    expect([await read(), await read(300), await read(299)]).toEqual(['1234', '1234', 'absent'])
    clock.advance(300_000)
    expect(await read()).toBe('1234')
    clock.advance(1000)
    expect(await read()).toBe('absent')
  })

  it('dated by a clock that was ahead is of unknown age, and none', async () => {
    const { app, clock } = await open()
    const read = () => app.run((visit) => visit.cookies.get('code', 'absent', options))
    for (const [ahead, found] of [
      [239_000, '1234'],
      [3_600_000, 'absent'],
    ] as const) {
      clock.step(ahead)
      await app.visit((visit) => visit.cookies.set('code', '1234', { ...options, maxAge: '7d' }))
      clock.step(-ahead)
      expect(await read()).toBe(found)
    }
  })

  it('under a previous key is good, and is given anew under the current one with the time it has left', async () => {
    const one = await open()
    await one.app.visit((visit) => visit.cookies.set('role', 'admin', { ...options, maxAge: 100 }))
    const two = await open(LOCAL, { secret: [OTHER_SECRET, SECRET] })
    two.clock.advance(40_000)
    const app = one.app.twin(two.auth)
    const sent = await app.visit((visit) => visit.cookies.get('role', null, options))
    expect([sent.text, sent.cookies.map(({ attributes }) => attributes.get('max-age'))]).toEqual([
      '"admin"',
      ['60'],
    ])
    const three = await open(LOCAL, { secret: OTHER_SECRET })
    expect(await app.twin(three.auth).run((visit) => visit.cookies.get('role', null, options))).toBe('admin')
    expect((await app.visit((visit) => visit.cookies.get('role', null, options))).cookies).toEqual([])
  })
})

it('D3: what is signed can be read by the visitor, what is sealed cannot', async () => {
  const { app } = await open()
  await app.visit(({ cookies }) => {
    cookies.set('signed', 'in-plain-sight', { sign: true })
    cookies.set('sealed', 'in-plain-sight', { seal: true })
  })
  expect(app.cookie('signed')).toContain('in-plain-sight')
  expect(app.cookie('sealed')).not.toContain('in-plain-sight')
})

describe('D3: a flash message', () => {
  it('is there for the next page, once', async () => {
    const { app } = await open()
    await app.visit(({ cookies }) => cookies.flash('notice', 'Saved.'))
    expect(app.jar.get('notice')?.attributes.get('max-age')).toBe('60')
    expect(await app.run(({ cookies }) => cookies.takeFlash('notice'))).toBe('Saved.')
    expect(app.jar.has('notice')).toBe(false)
    const sent = await app.visit(({ cookies }) => cookies.takeFlash('notice'))
    expect([sent.text, sent.cookies]).toEqual(['null', []])
  })

  it('lives a minute, whatever the browser does, and cannot be planted', async () => {
    const { app, clock } = await open()
    await app.visit(({ cookies }) => cookies.flash('notice', 'Saved.'))
    const old = app.twin()
    clock.advance(60_000)
    expect(await old.run(({ cookies }) => cookies.takeFlash('notice'))).toBe(null)
    expect(old.jar.has('notice')).toBe(false)
    app.setCookie('notice', 'You%20won')
    expect(await app.run(({ cookies }) => cookies.takeFlash('notice'))).toBe(null)
  })
})

it("D3: what a handler set is answered also where it throws, and on another origin's request", async () => {
  const { auth } = await open()
  const app = new Application(auth)
  const sent = await app.visit(({ cookies }) => {
    cookies.set('theme', 'dark')
    throw new Error('no')
  })
  expect([sent.status, sent.headers.getSetCookie()]).toEqual([
    500,
    ['theme=dark; Path=/; HttpOnly; SameSite=Lax'],
  ])
})

it('D3: a server without protect hands the lines over by itself', async () => {
  const { auth } = await open()
  const visit = await auth.visit({
    method: 'GET',
    url: '/',
    headers: new Headers({ host: 'localhost:3000' }),
  })
  expect(visit.who.status).toBe('anonymous')
  visit.cookies.set('theme', 'dark')
  expect(await visit.setCookies()).toEqual(['theme=dark; Path=/; HttpOnly; SameSite=Lax'])
  const own = new Response('hello', {
    status: 201,
    headers: { 'cache-control': 'private', 'set-cookie': 'a=b' },
  })
  const response = await visit.apply(own)
  expect([response.status, response.headers.getSetCookie(), response.headers.get('cache-control')]).toEqual([
    201,
    ['a=b', 'theme=dark; Path=/; HttpOnly; SameSite=Lax'],
    'private',
  ])
  const untouched = new Response('hello')
  expect(await (await auth.visit(new Request(`${LOCAL}/`))).apply(untouched)).toBe(untouched)
})
