// Is a request judged by what no script can forge, as browsers really send it?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SourceFacts, SourceVerdict } from '../../../src/core/csrf/judge.ts'
import { isSafeMethod, judgeSource } from '../../../src/core/csrf/judge.ts'
import { originOfUrl } from '../../../src/core/origin/origin.ts'
import { readVectors } from '../../support/vectors.ts'

const OWN = 'https://app.example.com'
const LISTED = 'https://front.example.com'
const policy = { isTrusted: (origin: string) => origin === OWN || origin === LISTED }
const judge = (facts: Partial<SourceFacts>): SourceVerdict =>
  judgeSource(
    { method: 'POST', secFetchSite: null, origin: null, referer: null, ...facts },
    policy,
    originOfUrl,
  )

describe('an unsafe request', () => {
  it.each<[what: string, secFetchSite: string | null, origin: string | null, verdict: SourceVerdict]>([
    ['fetch from our own page', 'same-origin', OWN, 'trusted'],
    ['our own page, an Origin rewritten by a proxy', 'same-origin', 'http://app.example.com', 'trusted'],
    ['our own page in a browser that sends no Origin', 'same-origin', null, 'trusted'],
    ['a request the user typed', 'none', null, 'trusted'],
    ['a sibling sub-domain', 'same-site', 'https://evil.example.com', 'refused'],
    ['a sibling sub-domain that is listed', 'same-site', LISTED, 'trusted'],
    ['another port of our host', 'same-site', 'https://app.example.com:8443', 'refused'],
    ['another site', 'cross-site', 'https://evil.example', 'refused'],
    ['plain http of our own host', 'cross-site', 'http://app.example.com', 'refused'],
    ['another site that is listed', 'cross-site', LISTED, 'trusted'],
    ['a sandboxed frame or a 307 across sites', 'cross-site', 'null', 'refused'],
    ['a sandboxed frame of our own page', 'same-site', 'null', 'refused'],
    ['another site without an Origin', 'cross-site', null, 'refused'],
    ['a sibling without an Origin', 'same-site', null, 'refused'],
    ['an older browser on our own page', null, OWN, 'trusted'],
    ['an older browser on a listed page', null, LISTED, 'trusted'],
    ['an older browser on another page', null, 'https://evil.example', 'refused'],
    ['an older browser in a sandboxed frame', null, 'null', 'refused'],
    ['an empty Origin', null, '', 'refused'],
    ['our origin in another spelling', null, 'https://APP.example.com', 'refused'],
    ['our origin with a slash', null, `${OWN}/`, 'refused'],
    ['our origin as the beginning of another', null, `${OWN}.evil.example`, 'refused'],
    ['two origins', null, `${OWN} https://evil.example`, 'refused'],
    ['two origins joined by a proxy', null, `${OWN}, https://evil.example`, 'refused'],
    ['no source at all', null, null, 'unknown'],
  ])('of %s (%j, %j) is %s', (_what, secFetchSite, origin, verdict) => {
    expect(judge({ secFetchSite, origin })).toBe(verdict)
  })

  it.each<[referer: string, verdict: SourceVerdict]>([
    [`${OWN}/login?next=/`, 'trusted'],
    [`${LISTED}/`, 'trusted'],
    ['https://evil.example/', 'refused'],
    [`https://evil.example/${OWN}`, 'refused'],
    [`${OWN}@evil.example/`, 'refused'],
    [`${OWN}.evil.example/`, 'refused'],
    ['http://app.example.com/', 'refused'],
    ['about:blank', 'refused'],
    ['null', 'refused'],
    ['', 'refused'],
    ['https://[', 'refused'],
  ])('with nothing but the Referer %j is %s', (referer, verdict) => {
    expect(judge({ referer })).toBe(verdict)
  })

  it('is judged by Origin before Referer', () => {
    expect(judge({ origin: 'https://evil.example', referer: `${OWN}/` })).toBe('refused')
    expect(judge({ secFetchSite: 'cross-site', referer: `${OWN}/` })).toBe('refused')
  })

  it.each([
    '',
    'Same-Origin',
    'SAME-ORIGIN',
    'same-origin ',
    ' same-origin',
    '"same-origin"',
    'same-origin, cross-site',
    'same-origin;a',
    'None',
    'same-party',
    '?1',
  ])('with the unknown Sec-Fetch-Site %j is judged by its Origin', (secFetchSite) => {
    expect(judge({ secFetchSite, origin: OWN })).toBe('trusted')
    expect(judge({ secFetchSite, origin: 'https://evil.example' })).toBe('refused')
    expect(judge({ secFetchSite })).toBe('refused')
    expect(judge({ secFetchSite, referer: `${OWN}/` })).toBe('refused')
  })

  it('trusts no token of the structured-fields suite but the two of the specification', () => {
    const cases =
      readVectors<readonly { raw: readonly string[] }[]>('structured-fields/token-generated.json') ?? []
    for (const secFetchSite of cases.flatMap(({ raw }) => raw)) {
      expect(judge({ secFetchSite })).toBe('refused')
      expect(judge({ secFetchSite, origin: 'null' })).toBe('refused')
    }
  })

  it('is never trusted without one of three reasons, whatever it carries', () => {
    const text = fc.option(
      fc.oneof(
        fc.constantFrom('same-origin', 'same-site', 'cross-site', 'none', 'null', OWN, LISTED),
        fc.webUrl(),
        fc.string(),
      ),
    )
    fc.assert(
      fc.property(text, text, text, (secFetchSite, origin, referer) => {
        if (judge({ secFetchSite, origin, referer }) !== 'trusted') return
        const byMetadata = secFetchSite === 'same-origin' || secFetchSite === 'none'
        const byOrigin = origin === OWN || origin === LISTED
        const byReferer =
          secFetchSite === null && origin === null && policy.isTrusted(originOfUrl(referer ?? '') ?? '')
        expect(byMetadata || byOrigin || byReferer).toBe(true)
      }),
    )
  })
})

describe('a method', () => {
  it.each<[method: string, safe: boolean]>([
    ['GET', true],
    ['HEAD', true],
    ['OPTIONS', true],
    ['POST', false],
    ['PUT', false],
    ['PATCH', false],
    ['DELETE', false],
    ['TRACE', false],
    ['QUERY', false],
    ['get', false],
    ['', false],
  ])('%s is safe: %s', (method, safe) => {
    expect(isSafeMethod(method)).toBe(safe)
    expect(judge({ method, secFetchSite: 'cross-site', origin: 'https://evil.example' })).toBe(
      safe ? 'safe' : 'refused',
    )
  })
})
