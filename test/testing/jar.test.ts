// Does the jar keep and send what a browser does? test/browser/jar.test.ts compares the same rules with the real Chromium.
import { createCookieJar, createTestClock } from 'lockjar/testing'
import { describe, expect, it } from 'vitest'

const APP = 'https://app.example.com/folder/page'
const HTTP = 'http://app.example.com/folder/page'
const EVIL = 'https://www.evil.example/'
const LOCAL = 'http://localhost:3000/'

function setUp(...options: Parameters<typeof createCookieJar>) {
  const clock = createTestClock()
  return { clock, jar: createCookieJar({ clock, ...options[0] }) }
}

describe('a line is kept or not, and the jar says why', () => {
  it.each<[url: string, line: string, reason: RegExp | null]>([
    [APP, 'a=1', null],
    [APP, 'a=1; Domain=example.com', null],
    [APP, 'a=1; Domain=www.example.com', /is not app\.example\.com nor above it/],
    [APP, 'a=1; Domain=com', /anybody can register under com/],
    ['https://x.co.uk/', 'a=1; Domain=co.uk', /anybody can register under co\.uk/],
    ['https://x.github.io/', 'a=1; Domain=github.io', /anybody can register/],
    ['https://github.io/', 'a=1; Domain=github.io', null],
    ['http://127.0.0.1/', 'a=1; Domain=127.0.0.1', null],
    ['http://127.0.0.1/', 'a=1; Domain=0.0.1', /is not 127/],
    ['http://app.localhost/', 'a=1; Domain=localhost', /anybody can register/],
    [HTTP, 'a=1; Secure', /not set over https/],
    [LOCAL, 'a=1; Secure', null],
    [LOCAL, '__Host-a=1; Secure; Path=/', null],
    [APP, '__Host-a=1; Secure', /needs Path/],
    [APP, 'a=1; SameSite=None', /needs Secure/],
    [APP, `a=${'x'.repeat(4096)}`, /over 4096 bytes/],
    [APP, 'a=1; Max-Age=0', null],
  ])('%s %s', (url, line, reason) => {
    const [verdict] = setUp().jar.receive(url, line)
    if (reason === null) expect(verdict).toEqual({ line, kept: true, reason: null })
    else expect(verdict).toMatchObject({ kept: false, reason: expect.stringMatching(reason) })
  })

  it.each<[what: string, line: string, request: object, kept: boolean]>([
    ['by a script of the page', 'a=1', {}, true],
    ['by a script of another site', 'a=1; Secure', { initiator: EVIL }, false],
    ['by a script of another site, None', 'a=1; Secure; SameSite=None', { initiator: EVIL }, false],
    [
      'by a script of another site, partitioned',
      'a=1; Secure; SameSite=None; Partitioned',
      { initiator: EVIL },
      true,
    ],
    ['by a link of another site', 'a=1; SameSite=Strict', { initiator: EVIL, navigation: true }, true],
    ['by a frame in another site', 'a=1; Secure; SameSite=Lax', { top: EVIL }, false],
  ])('set by an answer that was asked for %s', (_what, line, request, kept) => {
    expect(setUp().jar.receive(APP, line, request)[0]?.kept).toBe(kept)
  })

  it('a plain http answer replaces nothing that is Secure', () => {
    const { jar } = setUp()
    jar.receive(APP, 'a=1; Secure; Path=/')
    for (const line of ['a=2; Path=/', 'a=2; Path=/; Domain=example.com', 'a=; Path=/; Max-Age=0'])
      expect(jar.receive(HTTP, line)[0]).toMatchObject({
        kept: false,
        reason: 'there is a Secure cookie of that name',
      })
    expect(jar.header(APP)).toBe('a=1')
    expect(jar.receive(HTTP, 'b=2; Path=/')[0]?.kept).toBe(true)
  })

  it('a script sets and replaces nothing that is HttpOnly, and reads none of it', () => {
    const { jar } = setUp()
    jar.receive(APP, ['held=1; Path=/; HttpOnly', 'open=1; Path=/'])
    expect(jar.writeScript(APP, 'held=2; Path=/').kept).toBe(false)
    expect(jar.writeScript(APP, 'new=1; HttpOnly').kept).toBe(false)
    expect(jar.writeScript(APP, 'open=2; Path=/').kept).toBe(true)
    expect(jar.readScript(APP)).toBe('open=2')
    expect(jar.header(APP)).toBe('held=1; open=2')
  })

  it('at most 180 cookies of one registrable domain are kept: the oldest goes, whoever set it', () => {
    const { jar } = setUp()
    jar.receive(APP, ['__Host-held=1; Path=/; Secure; HttpOnly'])
    for (let junk = 0; junk < 179; junk++)
      jar.writeScript('https://www.example.com/', `junk${junk}=1; Secure`)
    expect(jar.value('__Host-held')).toBe('1')
    jar.writeScript('https://www.example.com/', 'junk=1; Secure')
    expect([...jar].length).toBe(150)
    expect(jar.value('__Host-held')).toBeUndefined()
  })
})

describe('a cookie goes along or not', () => {
  const JAR = [
    'strict=1; SameSite=Strict',
    'lax=1; SameSite=Lax',
    'none=1; Secure; SameSite=None',
    'unsaid=1',
  ]
  it.each<[what: string, request: Parameters<ReturnType<typeof createCookieJar>['header']>[1], sent: string]>(
    [
      ['a script of the page', {}, 'strict lax none unsaid'],
      ['a typed address', { initiator: null, navigation: true }, 'strict lax none unsaid'],
      ['a sibling’s script', { initiator: 'https://www.example.com/' }, 'strict lax none unsaid'],
      ['a script of the same host over http', { initiator: HTTP }, ''],
      ['another site’s link', { initiator: EVIL, navigation: true }, 'lax none unsaid'],
      ['another site’s form', { initiator: EVIL, navigation: true, method: 'POST' }, 'none unsaid'],
      ['another site’s script', { initiator: EVIL }, ''],
      ['a frame in another site', { top: EVIL }, ''],
      ['a page in a frame of another site in the page', { crossSiteAncestor: true }, 'none'],
      ['a sandboxed frame', { initiator: 'null', top: APP }, 'none'],
    ],
  )('with %s: %o', (_what, request, sent) => {
    const { jar } = setUp()
    jar.receive(APP, JAR)
    expect(jar.find(APP, request).map(({ name }) => name)).toEqual(sent.split(' ').filter(Boolean))
  })

  it('one that says nothing of SameSite goes with another site’s form for two minutes only, or not at all', () => {
    const form = { initiator: EVIL, navigation: true, method: 'POST' }
    const { jar, clock } = setUp()
    jar.receive(APP, JAR)
    clock.advance(115_000)
    expect(jar.header(APP, form)).toContain('unsaid')
    clock.advance(11_000)
    expect(jar.header(APP, form)).not.toContain('unsaid')
    const strict = setUp({ laxPost: false }).jar
    strict.receive(APP, JAR)
    expect(strict.header(APP, form)).toBe('none=1')
  })

  it('where third-party cookies are allowed, None goes along everywhere', () => {
    const { jar } = setUp({ thirdPartyCookies: 'allow' })
    jar.receive(APP, JAR)
    expect(jar.header(APP, { initiator: EVIL })).toBe('none=1')
    const lax = jar.receive(APP, 'other=1; Secure; SameSite=Lax', { initiator: EVIL })
    expect(lax[0]).toMatchObject({ kept: false, reason: 'SameSite, and set across sites' })
  })

  it('a partitioned one stays with the site in the address bar, whichever of its hosts', () => {
    const { jar } = setUp()
    const inside = { initiator: APP, top: EVIL }
    jar.receive(APP, 'p=1; Secure; SameSite=None; Partitioned', inside)
    expect(jar.header(APP, inside)).toBe('p=1')
    expect(jar.header(APP, { ...inside, top: 'https://other.evil.example/' })).toBe('p=1')
    expect(jar.header(APP, { ...inside, top: 'https://www.third.example/' })).toBe('')
    expect(jar.header(APP)).toBe('')
  })

  it.each<[line: string, url: string, sent: boolean]>([
    ['a=1', 'https://app.example.com/folder/x', true],
    ['a=1', 'https://app.example.com/folders', false],
    ['a=1', 'https://app.example.com/', false],
    ['a=1; Path=/', 'https://app.example.com/', true],
    ['a=1; Path=/', 'https://app.example.com:8443/', true],
    ['a=1; Path=/', 'https://x.app.example.com/', false],
    ['a=1; Path=/; Domain=app.example.com', 'https://x.app.example.com/', true],
    ['a=1; Path=/; Domain=example.com', 'https://example.com/', true],
    ['a=1; Path=/; Domain=example.com', 'https://badexample.com/', false],
    ['a=1; Path=/; Secure', 'http://app.example.com/', false],
    ['a=1; Path=/', 'http://app.example.com/', true],
    ['a=1; Path=/folder/', 'https://app.example.com/folder', false],
    ['a=1; Path=/folder/', 'https://app.example.com/folder/x', true],
  ])('%s to %s', (line, url, sent) => {
    const { jar } = setUp()
    jar.receive(APP, line)
    expect(jar.header(url, { initiator: url }) !== '').toBe(sent)
  })

  it('the longer path first, then the older; what is set anew with another value is new', () => {
    const { jar } = setUp()
    jar.receive(APP, [
      'a=1; Path=/',
      'b=1; Path=/',
      'c=1; Path=/folder',
      'a=2; Path=/',
      'b=1; Path=/; HttpOnly',
      'd; Path=/',
    ])
    expect(jar.header(APP)).toBe('c=1; b=1; a=2; d')
  })
})

describe('a cookie ends', () => {
  it('with its Max-Age, or its Expires where there is none, and after 400 days in any case', () => {
    const { jar, clock } = setUp()
    jar.receive(APP, [
      'a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
      'b=1; Expires=Thu, 01 Jan 2026 00:02:00 GMT',
      'c=1; Max-Age=999999999',
      'd=1',
    ])
    const later = (milliseconds: number) => {
      clock.advance(milliseconds)
      return jar.header(APP)
    }
    expect(later(59_999)).toBe('a=1; b=1; c=1; d=1')
    expect(later(1)).toBe('b=1; c=1; d=1')
    expect(later(60_000)).toBe('c=1; d=1')
    expect(later(400 * 24 * 3600 * 1000 - 120_001)).toBe('c=1; d=1')
    expect(later(1)).toBe('d=1')
  })

  it('when a line with its Path and Domain says so', () => {
    const { jar } = setUp()
    jar.receive(APP, ['a=1; Path=/', 'a=; Max-Age=0'])
    expect(jar.header(APP)).toBe('a=1')
    jar.receive(APP, 'a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
    expect(jar.header(APP)).toBe('')
  })

  it('with the browser where it has no end of its own, and with Clear-Site-Data for all sub-domains', () => {
    const { jar } = setUp()
    jar.receive(APP, ['a=1', 'b=1; Max-Age=60'])
    const other = jar.copy()
    jar.closeBrowser()
    expect(jar.header(APP)).toBe('b=1')
    expect(other.header(APP)).toBe('a=1; b=1')
    other.receive('https://example.org/', 'c=1')
    other.clearSite('https://www.example.com/')
    expect([...other].map(({ name }) => name)).toEqual(['c'])
    other.clear()
    expect([...other]).toEqual([])
  })
})
