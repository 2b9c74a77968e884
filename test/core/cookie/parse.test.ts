// Which cookies does the server see, whatever a browser or a sibling site sends?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCookies } from '../../../src/core/cookie/parse.ts'
import { serializeCookie } from '../../../src/core/cookie/serialize.ts'

const entries = (header: string | null) => [...parseCookies(header)]

describe('parseCookies', () => {
  it.each<[header: string | null, jar: [name: string, values: string[]][]]>([
    [null, []],
    ['', []],
    [';', []],
    [' ; ;\t; ', []],
    ['a=1', [['a', ['1']]]],
    [
      'a=1; b=2',
      [
        ['a', ['1']],
        ['b', ['2']],
      ],
    ],
    [
      'a=1;b=2',
      [
        ['a', ['1']],
        ['b', ['2']],
      ],
    ],
    ['a=', [['a', ['']]]],
    ['a', []],
    ['=a', []],
    [' =a', []],
    ['=__Host-a=1', []],
    ['a==', [['a', ['=']]]],
    ['a=b=c', [['a', ['b=c']]]],
    ['a="1"', [['a', ['"1"']]]],
    [
      'a="1; b=2"',
      [
        ['a', ['"1']],
        ['b', ['2"']],
      ],
    ],
    ['a=1, b=2', [['a', ['1, b=2']]]],
    ['a=%3B', [['a', ['%3B']]]],
    ['\t a \t=\t 1 \t', [['a', ['1']]]],
    ['a=1 2', [['a', ['1 2']]]],
    ['a=2; a=1', [['a', ['2', '1']]]],
    [
      'a=1; b=x; a=1',
      [
        ['a', ['1', '1']],
        ['b', ['x']],
      ],
    ],
    [
      'a=1; A=2',
      [
        ['a', ['1']],
        ['A', ['2']],
      ],
    ],
    [
      '__proto__=1; constructor=2',
      [
        ['__proto__', ['1']],
        ['constructor', ['2']],
      ],
    ],
    ['a=\u00a01\u00a0', [['a', ['\u00a01\u00a0']]]],
    ['a=1\r\nb=2', [['a', ['1\r\nb=2']]]],
  ])('reads %j as %j', (header, jar) => {
    expect(entries(header)).toEqual(jar)
  })

  it.each([
    '\u00a0',
    '\u0085',
    '\u2000',
    '\u3000',
    '\ufeff',
    '\u000b',
    '\u000c',
    '\n',
    '\r',
    '\0',
    'Â\u00a0',
  ])('keeps %j before a prefixed name, so that a sibling site cannot forge the prefix', (blank) => {
    const jar = parseCookies(
      `${blank}__Host-Http-access_token=forged; x=1; ${blank}__Host-Http-access_token=again`,
    )
    expect(jar.has('__Host-Http-access_token')).toBe(false)
    expect(jar.get(`${blank}__Host-Http-access_token`)).toEqual(['forged', 'again'])
  })

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'=;" \t,a\u00a0') })),
        (text) => {
          for (const [name, values] of parseCookies(text)) {
            expect(name).not.toBe('')
            expect(name).not.toMatch(/^[ \t]|[ \t]$|[;=]/)
            for (const value of values) expect(value).not.toMatch(/^[ \t]|[ \t]$|;/)
          }
        },
      ),
    )
  })

  it.each(['a1=x', '1a=x', 'aa=x', 'A=x', ' a a=x', 'b=a=x', 'a', ';=a'])(
    'takes no other cookie of %j for one that is named a',
    (header) => {
      expect(parseCookies(header).get('a')).toEqual([])
      expect(parseCookies(`${header}; a=1; ${header}`).get('a')).toEqual(['1'])
    },
  )

  it('finds by its name what it lists, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'=;" \t,ab\u00a0') }), (text) => {
        const jar = parseCookies(text)
        for (const [name, values] of jar) expect(jar.get(name)).toEqual(values)
      }),
    )
  })

  it('reads in time proportional to the length', () => {
    const jar = parseCookies(`a=${' '.repeat(200_000)}x;${'b=1;'.repeat(50_000)}${'\t'.repeat(200_000)}`)
    expect(jar.get('b')).toHaveLength(50_000)
  })

  it('reads back what serializeCookie wrote', () => {
    const octets = [...Array(94).keys()].map((n) => String.fromCharCode(n + 33))
    const name = fc.string({
      unit: fc.constantFrom(...octets.filter((c) => !'()<>@,;:\\"/[]?={}'.includes(c))),
      minLength: 1,
      maxLength: 40,
    })
    const value = fc.string({
      unit: fc.constantFrom(...octets.filter((c) => !'",;\\'.includes(c))),
      maxLength: 200,
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 8 }),
        (cookies) => {
          const header = cookies
            .map(([key, text]) =>
              serializeCookie(
                { name: key, path: '/', secure: true, httpOnly: true, sameSite: 'Lax', partitioned: false },
                text,
              ).replace(/; Path=.*/, ''),
            )
            .join('; ')
          expect(entries(header)).toEqual(cookies.map(([key, text]) => [key, [text]]))
        },
      ),
    )
  })
})
