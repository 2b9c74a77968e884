// Is an origin taken only in its one spelling, and which hosts never leave the machine?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLoopbackHost, originOfUrl, parseOrigin } from '../../../src/core/origin/origin.ts'

describe('parseOrigin', () => {
  it.each([
    'https://app.example.com',
    'http://localhost:3000',
    'http://127.0.0.1:8000',
    'https://app.example.com:8443',
    'http://[::1]:3000',
    'https://[2001:db8::1]',
    'https://xn--bcher-kva.example',
    'http://app.example.com:443',
  ])('takes %s', (text) => {
    expect(parseOrigin(text)).toBe(text)
  })

  it.each([
    '',
    'null',
    '*',
    'https://*',
    'https://*.example.com',
    'https://*.example.com:8443',
    'app.example.com',
    '//app.example.com',
    'https://app.example.com/',
    'https://app.example.com/path',
    'https://app.example.com?',
    'https://app.example.com#',
    'https://app.example.com:443',
    'http://app.example.com:80',
    'https://app.example.com:',
    'https://app.example.com:65536',
    'https://user@app.example.com',
    'https://user:password@app.example.com',
    'https://@app.example.com',
    'HTTPS://app.example.com',
    'https://APP.example.com',
    'https://bücher.example',
    'https://app.example.com ',
    ' https://app.example.com',
    'https://app.example.com\n',
    'https:app.example.com',
    'https:\\\\app.example.com',
    'https://0x7f.1',
    'http://127.1',
    'http://[0:0:0:0:0:0:0:1]',
    'https://[',
    'https://[::1',
    'https://',
    'ftp://app.example.com',
    'file:///etc/passwd',
    'data:text/html,x',
    'blob:https://app.example.com/1',
    'javascript:alert(1)',
    'chrome-extension://abcdef',
    'https://app.example.com,https://evil.example',
    'https://app.example.com https://evil.example',
  ])('refuses %j', (text) => {
    expect(parseOrigin(text)).toBeNull()
  })

  it('never throws, and answers the text itself or nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.string().map((s) => `https://${s}`),
        ),
        (text) => {
          expect([text, null]).toContain(parseOrigin(text))
        },
      ),
    )
  })
})

describe('originOfUrl', () => {
  it.each<[url: string, origin: string | null]>([
    ['https://app.example.com/path?q#f', 'https://app.example.com'],
    ['https://app.example.com:443/', 'https://app.example.com'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['https://app.example.com@evil.example/', 'https://evil.example'],
    ['https://app.example.com.evil.example/', 'https://app.example.com.evil.example'],
    ['about:blank', null],
    ['data:text/html,x', null],
    ['file:///x', null],
    ['blob:https://app.example.com/1', null],
    ['', null],
    ['null', null],
    ['https://[', null],
    ['/path', null],
  ])('of %j is %j', (url, origin) => {
    expect(originOfUrl(url)).toBe(origin)
  })
})

describe('isLoopbackHost', () => {
  it.each<[url: string, verdict: boolean]>([
    ['http://localhost', true],
    ['http://LOCALHOST:3000', true],
    ['http://app.localhost', true],
    ['http://127.0.0.1', true],
    ['http://127.1.2.3', true],
    ['http://127.1', true],
    ['http://0x7f000001', true],
    ['http://[::1]', true],
    ['http://[0::1]', true],
    ['http://localhost.example.com', false],
    ['http://notlocalhost', false],
    ['http://127.0.0.1.example.com', false],
    ['http://128.0.0.1', false],
    ['http://0.0.0.0', false],
    ['http://192.168.0.1', false],
    ['http://[::2]', false],
    ['http://[::ffff:127.0.0.1]', false],
    ['http://app.local', false],
  ])('of %s is %s', (url, verdict) => {
    expect(isLoopbackHost(new URL(url).hostname)).toBe(verdict)
  })
})
