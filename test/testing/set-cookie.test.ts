// Do the assertions on Set-Cookie read a line as a browser does, and say what is wrong with it?
import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { ExpectedCookie, SetCookie } from 'lockjar/testing'
import { assertSetCookie, dropReason, parseSetCookie, setCookieLines } from 'lockjar/testing'
import { matchers } from 'lockjar/testing/vitest'
import { describe, expect, it } from 'vitest'

expect.extend(matchers)

const NOTHING = {
  domain: null,
  path: null,
  expires: null,
  maxAge: null,
  secure: false,
  httpOnly: false,
  sameSite: null,
  partitioned: false,
}

describe('a Set-Cookie line is read as browsers read it', () => {
  it.each<[line: string, read: Partial<SetCookie> | null]>([
    ['a=1', { name: 'a', value: '1' }],
    ['  a \t=\t 1 ; Secure', { name: 'a', value: '1', secure: true }],
    ['a=1=2==', { name: 'a', value: '1=2==' }],
    ['a="1; 2"', { name: 'a', value: '"1' }],
    ['a="1"', { name: 'a', value: '"1"' }],
    ['a', { name: '', value: 'a' }],
    ['=a', { name: '', value: 'a' }],
    ['=a=b', null],
    ['a=', { name: 'a', value: '' }],
    ['', null],
    ['=', null],
    [';', null],
    ['; Secure', null],
    ['\u00a0__Host-a=1', { name: '\u00a0__Host-a', value: '1' }],
    ['a=1\u0001', null],
    ['a=1\n; Secure', null],
    ['a=1; Path=/\u007f', null],
    ['a=1\t2', null],
    ['a\tb=1', null],
    [`a=${'x'.repeat(4095)}`, { name: 'a', value: 'x'.repeat(4095) }],
    [`a=${'x'.repeat(4096)}`, null],
    [`a=${'é'.repeat(4095)}`, { name: 'a', value: 'é'.repeat(4095) }],
    ['a=1;;; Secure;', { name: 'a', value: '1', secure: true }],
    ['a=1; SECURE; httponly', { name: 'a', value: '1', secure: true, httpOnly: true }],
    ['a=1; Secure=false; HttpOnly=no', { name: 'a', value: '1', secure: true, httpOnly: true }],
    ['a=1; Secured', { name: 'a', value: '1' }],
    ['a=1, b=2; Secure', { name: 'a', value: '1, b=2', secure: true }],
    ['a=1; Path=/x; Path=/y', { name: 'a', value: '1', path: '/y' }],
    ['a=1; Path=/x; Path=y', { name: 'a', value: '1', path: null }],
    ['a=1; Path', { name: 'a', value: '1', path: null }],
    [`a=1; Path=/${'x'.repeat(1023)}`, { name: 'a', value: '1', path: `/${'x'.repeat(1023)}` }],
    [`a=1; Path=/${'x'.repeat(1024)}`, { name: 'a', value: '1', path: null }],
    ['a=1; Domain=.Example.COM', { name: 'a', value: '1', domain: 'example.com' }],
    ['a=1; Domain=a.example; Domain=', { name: 'a', value: '1', domain: null }],
    ['a=1; Domain=..a.example', { name: 'a', value: '1', domain: '.a.example' }],
    ['a=1; SameSite=strict', { name: 'a', value: '1', sameSite: 'Strict' }],
    ['a=1; SameSite=NONE', { name: 'a', value: '1', sameSite: 'None' }],
    ['a=1; SameSite=Lax; SameSite=whatever', { name: 'a', value: '1', sameSite: null }],
    ['a=1; SameSite', { name: 'a', value: '1', sameSite: null }],
    ['a=1; Max-Age=60', { name: 'a', value: '1', maxAge: 60 }],
    ['a=1; Max-Age=-1', { name: 'a', value: '1', maxAge: -1 }],
    ['a=1; Max-Age=060', { name: 'a', value: '1', maxAge: 60 }],
    ['a=1; Max-Age=+60', { name: 'a', value: '1', maxAge: 60 }],
    ['a=1; Max-Age=60s', { name: 'a', value: '1' }],
    ['a=1; Max-Age="60"', { name: 'a', value: '1' }],
    ['a=1; Max-Age=1e3', { name: 'a', value: '1' }],
    ['a=1; Max-Age=', { name: 'a', value: '1' }],
    ['a=1; Max-Age=60; Max-Age=x', { name: 'a', value: '1' }],
    ['a=1; Partitioned; Secure', { name: 'a', value: '1', partitioned: true, secure: true }],
  ])('%j', (line, read) => {
    expect(parseSetCookie(line)).toEqual(read && { ...NOTHING, ...read, line })
  })
})

describe('an Expires is read as browsers read it', () => {
  const AT = Date.UTC(2026, 10, 6, 8, 49, 37)
  it.each<[date: string, at: number | null]>([
    ['Fri, 06 Nov 2026 08:49:37 GMT', AT],
    ['Friday, 06-Nov-26 08:49:37 GMT', AT],
    ['Fri Nov  6 08:49:37 2026', AT],
    ['06 Nov 2026 08:49:37', AT],
    ['2026 6 november 8:49:37', AT],
    ['06 nov 2026 08:49:37 +0500', AT],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Thu, 01-Jan-70 00:00:00 GMT', 0],
    ['01 Jan 69 00:00:00', Date.UTC(2069, 0, 1)],
    ['31 Dec 9999 23:59:59', Date.UTC(9999, 11, 31, 23, 59, 59)],
    ['01 Jan 1601 00:00:00', Date.UTC(1601, 0, 1)],
    ['01 Jan 1600 00:00:00', null],
    ['31 Feb 2026 00:00:00', null],
    ['32 Jan 2026 00:00:00', null],
    ['06 Nov 2026 24:00:00', null],
    ['06 Nov 2026 08:60:00', null],
    ['06 Nov 2026 08:49', null],
    ['06 11 2026 08:49:37', null],
    ['2026-11-06T08:49:37Z', null],
    ['0', null],
    ['', null],
  ])('%j', (date, at) => {
    expect(parseSetCookie(`a=1; Expires=${date}`)?.expires).toBe(at)
  })
})

describe('a cookie that browsers drop is told apart', () => {
  it.each<[line: string, reason: string | null]>([
    ['__Host-a=1; Secure; Path=/', null],
    ['__Host-a=1; Path=/', '__Host- needs Secure'],
    ['__Host-a=1; Secure', '__Host- needs Path=/'],
    ['__Host-a=1; Secure; Path=/x', '__Host- needs Path=/'],
    ['__Host-a=1; Secure; Path=/; Domain=a.example', '__Host- allows no Domain'],
    ['__HOST-a=1; Path=/', '__Host- needs Secure'],
    ['__Secure-a=1; Secure; Path=/x', null],
    ['__secure-a=1', '__Secure- needs Secure'],
    ['__Http-a=1; Secure; HttpOnly; Path=/x; Domain=a.example', null],
    ['__Http-a=1; Secure', '__Http- needs HttpOnly'],
    ['__Http-a=1; HttpOnly', '__Http- needs Secure'],
    ['__Host-Http-a=1; Secure; HttpOnly; Path=/', null],
    ['__Host-Http-a=1; Secure; Path=/', '__Host-Http- needs HttpOnly'],
    ['__host-HTTP-a=1; Secure; HttpOnly', '__Host-Http- needs Path=/'],
    ['=__Host-a; Secure; Path=/', 'it has no name, and its value looks like a prefix'],
    ['__secure-', 'it has no name, and its value looks like a prefix'],
    ['\u00a0__Host-a=1', null],
    ['a=1; SameSite=None', 'SameSite=None needs Secure'],
    ['a=1; Partitioned', 'Partitioned needs Secure'],
    ['a=1; SameSite=None; Secure; Partitioned', null],
  ])('%j', (line, reason) => {
    const cookie = parseSetCookie(line)
    expect(cookie && dropReason(cookie)).toBe(reason)
  })
})

const LINE = '__Host-Http-session=s3cr3t; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax'
const PLAIN = 'session=s3cr3t'

describe('toSetCookie', () => {
  it.each<[what: string, expected: ExpectedCookie]>([
    ['its name', { name: '__Host-Http-session' }],
    ['its name and prefix', { name: 'session', prefix: '__Host-Http-' }],
    ['its whole name and prefix', { name: '__Host-Http-session', prefix: '__Host-Http-' }],
    [
      'everything',
      {
        name: '__Host-Http-session',
        value: 's3cr3t',
        httpOnly: true,
        secure: true,
        sameSite: 'Lax',
        path: '/',
        domain: null,
        maxAge: 60,
        partitioned: false,
      },
    ],
    ['a pattern of its value', { name: '__Host-Http-session', value: /^s/ }],
  ])('finds a cookie by %s', (_what, expected) => {
    expect([LINE]).toSetCookie(expected)
    assertSetCookie(LINE, expected)
  })

  it.each<[line: string, expected: Partial<ExpectedCookie>, told: RegExp]>([
    [PLAIN, { httpOnly: true }, /HttpOnly is missing: a script can read it/],
    [PLAIN, { secure: true }, /Secure is missing: it is sent over plain http too/],
    [PLAIN, { partitioned: true }, /Partitioned is missing/],
    ['session=1; HttpOnly', { httpOnly: false }, /HttpOnly is set: a page/],
    [PLAIN, { sameSite: 'Lax' }, /SameSite is none at all, not Lax: Chromium takes it for Lax but/],
    [
      'session=1; SameSite=None; Secure',
      { sameSite: 'Strict' },
      /SameSite is None, not Strict: every request/,
    ],
    ['session=1; SameSite=Lax', { sameSite: null }, /SameSite is Lax, not left out/],
    [PLAIN, { path: '/' }, /Path is left out, and so the request's own folder, not \//],
    ['session=1; Path=/api', { path: '/' }, /Path is \/api, not \//],
    ['session=1; Domain=.a.example', { domain: null }, /every sub-domain of a\.example receives it/],
    [PLAIN, { domain: 'a.example' }, /Domain is left out, not a\.example/],
    [PLAIN, { maxAge: 60 }, /Max-Age is left out, not 60: it ends with the browser/],
    ['session=1; Expires=Fri, 06 Nov 2026 08:49:37 GMT', { maxAge: 60 }, /Expires says its end by a clock/],
    ['session=1; Max-Age=61', { maxAge: 60 }, /Max-Age is 61, not 60/],
    ['session=1; Max-Age=60', { maxAge: null }, /Max-Age is set: it outlives/],
    ['session=1; Expires=Fri, 06 Nov 2026 08:49:37 GMT', { maxAge: null }, /Expires is set: it outlives/],
    [PLAIN, { value: 'other' }, /its value is "s3cr3t"/],
    [PLAIN, { value: /^x/ }, /its value is "s3cr3t", not like \/\^x\//],
    ['session=1; SameSite=None', {}, /browsers drop it: SameSite=None needs Secure/],
    ['other=1', {}, /session is not set; the response sets other$/],
    ['__Host-session=1; Secure; Path=/', {}, /__Host-session is another cookie to a browser/],
    ['Session=1', {}, /Session is another cookie to a browser/],
    [`session=${'x'.repeat(4096)}`, {}, /no cookie at all\n {2}- 1 more would be dropped/],
  ])('says of %j what differs from %o', (line, expected, told) => {
    const wanted = { name: 'session', ...expected }
    expect(() => expect([line]).toSetCookie(wanted)).toThrow(told)
    expect(() => assertSetCookie([line], wanted)).toThrow(told)
    expect([line]).not.toSetCookie(wanted)
  })

  it.each<[name: string, prefix: ExpectedCookie['prefix'], told: RegExp | null]>([
    ['__Secure-a', '__Secure-', null],
    ['__secure-a', '__Secure-', /is not set; the response sets __secure-a/],
    ['__Secure-a', null, /its name has the prefix __Secure-/],
    ['a', null, null],
  ])('of the name %j compares the prefix with %j', (name, prefix, told) => {
    const line = `${name}=1; Secure`
    const wanted = { name: prefix === null ? name : 'a', prefix } as ExpectedCookie
    if (told === null) assertSetCookie(line, wanted)
    else expect(() => assertSetCookie(line, wanted)).toThrow(told)
  })

  it('tells nobody the value of an HttpOnly cookie', () => {
    for (const expected of [{ value: 'x' }, { value: /^x/ }, { secure: false, path: '/x', maxAge: null }])
      expect(() => assertSetCookie(LINE, { name: '__Host-Http-session', ...expected })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('s3cr3t') }),
      )
  })

  it('looks at the last of two lines for one place, as browsers do, and at any of two places', () => {
    const last = ['a=1; HttpOnly', 'a=1']
    expect(last).not.toSetCookie({ name: 'a', httpOnly: true })
    expect(last.toReversed()).toSetCookie({ name: 'a', httpOnly: true })
    expect(['a=1; HttpOnly', 'a=1; Path=/x']).toSetCookie({ name: 'a', httpOnly: true })
  })

  it('fails where it is not to be set and is', () => {
    expect(() => expect([PLAIN]).not.toSetCookie({ name: 'session' })).toThrow(/should not be/)
  })
})

describe('lines are found', () => {
  const lines = ['a=1; HttpOnly', 'b=2, and more']
  const headers = new Headers(lines.map((line): [string, string] => ['set-cookie', line]))
  const outgoing = new ServerResponse(new IncomingMessage(new Socket()))
  outgoing.setHeader('Set-Cookie', lines)

  it.each<[what: string, source: Parameters<typeof setCookieLines>[0]]>([
    ['in a Response', new Response(null, { headers })],
    ['in Headers', headers],
    ['in a node:http response, of supertest or of inject', { headers: { 'set-cookie': lines } }],
    ['in an axios response', { headers: { 'Set-Cookie': lines } }],
    ['in a ServerResponse', outgoing],
    ['in an array', lines],
  ])('%s', (_what, source) => {
    expect(setCookieLines(source)).toEqual(lines)
  })

  it('in what a real node:http server answered', async () => {
    const server = createServer((_incoming, response) => {
      response.setHeader('Set-Cookie', lines).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const response = await fetch(`http://127.0.0.1:${port}/`)
    server.close()
    assertSetCookie(response, { name: 'a', value: '1', httpOnly: true })
  })

  it('nowhere in what is no response, which is said', () => {
    expect(setCookieLines({ headers: {} })).toEqual([])
    for (const wrong of [null, 42, {}])
      expect(() => setCookieLines(wrong as unknown as string)).toThrow(/this is no response/)
  })
})
