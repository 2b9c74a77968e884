// Is an access token accepted only as we made it, for us, and in its time?
import { generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import type { AccessClaims, AccessTokenPolicy } from '../../../src/core/access-token/claims.ts'
import { createAccessToken } from '../../../src/core/access-token/create.ts'
import type { AccessVerdict } from '../../../src/core/access-token/verify.ts'
import { verifyAccessToken } from '../../../src/core/access-token/verify.ts'
import { encodeBase64url } from '../../../src/core/encoding/base64url.ts'
import { signText } from '../../../src/core/keys/mac.ts'
import type { KeyPurpose } from '../../../src/core/keys/ring.ts'
import { KEY_PURPOSES } from '../../../src/core/keys/ring.ts'
import { createRefreshToken } from '../../../src/core/refresh-token/create.ts'
import { verifyRefreshToken } from '../../../src/core/refresh-token/verify.ts'
import { OWN_FORM, testRing, testSigning } from '../ring.ts'

const SESSION = '019b76da-a800-7000-8000-000000000001'
const USER = '019b76da-a800-7000-8000-000000000002'
const IAT = 1_767_225_600
const NOW = IAT * 1000
const policy: AccessTokenPolicy = {
  issuer: 'https://app.example.com',
  audience: 'https://api.example.com',
  lifetime: 600_000,
  leeway: 0,
  form: OWN_FORM,
}
const claims: AccessClaims = {
  sub: USER,
  sid: SESSION,
  gen: 3,
  rev: 0,
  iat: IAT,
  exp: IAT + 600,
  jti: 'jti-1',
  amr: ['pwd'],
  auth_time: IAT,
  roles: ['admin'],
}
const ring = await testRing(1)
const keys = await testSigning(1)
const utf8 = new TextEncoder()
const part = (value: unknown): string =>
  encodeBase64url(utf8.encode(typeof value === 'string' ? value : JSON.stringify(value)))

const kid = keys.current.id ?? ''
const header = { alg: 'HS256', typ: 'at+jwt', kid }
const payload: Readonly<Record<string, unknown>> = { ...claims, iss: policy.issuer, aud: policy.audience }

/** A token signed with our key, whatever it says. */
async function signed(head: unknown, body: unknown): Promise<string> {
  const text = `${part(head)}.${part(body)}`
  return `${text}.${await signText(keys.current.key, text)}`
}
const without = (key: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(payload).filter(([name]) => name !== key))
const verify = (token: string, now = NOW, change: Partial<AccessTokenPolicy> = {}): Promise<AccessVerdict> =>
  verifyAccessToken(token, { ...policy, ...change }, keys, now)
const INVALID = { ok: false, reason: 'invalid' }

const token = await createAccessToken(claims, policy, keys)

describe('an access token of ours', () => {
  it('comes back with its claims', async () => {
    expect(await verify(token)).toEqual({ ok: true, claims })
  })

  it('says its type, algorithm and key, and nothing else, in its header', () => {
    expect(JSON.parse(atob(token.split('.')[0] ?? ''))).toEqual(header)
  })

  it('verifies under a ring in which its key is no longer the first', async () => {
    expect(await verifyAccessToken(token, policy, await testSigning(2, 1), NOW)).toMatchObject({ ok: true })
    expect(await verifyAccessToken(token, policy, await testSigning(2), NOW)).toEqual(INVALID)
  })

  it.each<[now: number, leeway: number, reason: string]>([
    [(IAT + 600) * 1000 - 1, 0, 'ok'],
    [(IAT + 600) * 1000, 0, 'expired'],
    [(IAT + 605) * 1000 - 1, 5000, 'ok'],
    [(IAT + 605) * 1000, 5000, 'expired'],
    [(IAT + 100_000) * 1000, 5000, 'expired'],
  ])('at %i with a leeway of %i ms is %s', async (now, leeway, reason) => {
    const verdict = await verify(token, now, { leeway })
    expect(verdict.ok ? 'ok' : verdict.reason).toBe(reason)
  })

  it('keeps its claims when it has expired, so that the past may be known', async () => {
    expect(await verify(token, NOW + 3_600_000)).toEqual({ ok: false, reason: 'expired', claims })
  })
})

describe('a token is refused', () => {
  it.each<[why: string, head: unknown, body: unknown]>([
    ['with typ JWT', { ...header, typ: 'JWT' }, payload],
    ['with typ refresh+jwt', { ...header, typ: 'refresh+jwt' }, payload],
    ['without typ', { alg: 'HS256', kid }, payload],
    ['with a typ that is no text', { ...header, typ: ['at+jwt'] }, payload],
    ['without kid', { alg: 'HS256', typ: 'at+jwt' }, payload],
    ['with an unknown kid', { ...header, kid: 'AAAAAAAA' }, payload],
    ['with a kid that is no text', { ...header, kid: 1 }, payload],
    ['with the kid __proto__', { ...header, kid: '__proto__' }, payload],
    ['with alg none', { ...header, alg: 'none' }, payload],
    ['with alg NONE', { ...header, alg: 'NONE' }, payload],
    ['with alg HS512', { ...header, alg: 'HS512' }, payload],
    ['with alg hs256', { ...header, alg: 'hs256' }, payload],
    ['without alg', { typ: 'at+jwt', kid }, payload],
    ['with a critical extension', { ...header, crit: ['exp'], exp: 1 }, payload],
    ['with an unknown critical extension', { ...header, crit: ['x'], x: 1 }, payload],
    ['with an unencoded payload', { ...header, crit: ['b64'], b64: false }, payload],
    ['with a header that is a list', [header], payload],
    ['with a header that is no JSON', '{', payload],
    ['of another issuer', header, { ...payload, iss: 'https://evil.example' }],
    ['of our issuer with a slash', header, { ...payload, iss: `${policy.issuer}/` }],
    ['without issuer', header, without('iss')],
    ['for another audience', header, { ...payload, aud: 'https://evil.example' }],
    ['without audience', header, without('aud')],
    ['without exp', header, without('exp')],
    ['without iat', header, without('iat')],
    ['without sid', header, without('sid')],
    ['without sub', header, without('sub')],
    ['without gen', header, without('gen')],
    ['without rev', header, without('rev')],
    ['without jti', header, without('jti')],
    ['without roles', header, without('roles')],
    ['without amr', header, without('amr')],
    ['without auth_time', header, without('auth_time')],
    ['with an empty sid', header, { ...payload, sid: '' }],
    ['with a gen that is text', header, { ...payload, gen: '3' }],
    ['with a gen below zero', header, { ...payload, gen: -1 }],
    ['with a gen of a half', header, { ...payload, gen: 0.5 }],
    ['with a gen beyond all numbers', header, { ...payload, gen: 1e300 }],
    ['with roles that are one text', header, { ...payload, roles: 'admin' }],
    ['with an exp that is text', header, { ...payload, exp: String(claims.exp) }],
    ['with a life of more than an hour', header, { ...payload, exp: IAT + 3601 }],
    ['with nbf in the future', header, { ...payload, nbf: IAT + 1 }],
    ['with nbf that is text', header, { ...payload, nbf: '1' }],
    ['with a payload that is a list', header, [payload]],
    ['with a payload that is null', header, null],
    ['with a payload that is no JSON', header, '{'],
  ])('%s', async (_why, head, body) => {
    expect(await verify(await signed(head, body))).toEqual(INVALID)
  })

  it('but not with a life of exactly an hour, nor with nbf at this second', async () => {
    expect(await verify(await signed(header, { ...payload, exp: IAT + 3600 }))).toMatchObject({ ok: true })
    expect(await verify(await signed(header, { ...payload, nbf: IAT }))).toMatchObject({ ok: true })
  })

  it('when it has expired and is wrong besides: that is not a token of ours that has ended', async () => {
    const late = NOW + 700_000
    for (const change of [{ iss: 'x' }, { aud: 'x' }, { gen: -1 }, { exp: IAT - 1, iat: IAT - 10_000 }]) {
      expect(await verify(await signed(header, { ...payload, ...change }), late)).toEqual(INVALID)
    }
    expect(await verify(await signed({ ...header, typ: 'JWT' }, payload), late)).toEqual(INVALID)
    expect(await verify(`${token.slice(0, -3)}AAA`, late)).toEqual(INVALID)
  })

  it('when signed by another key with our kid', async () => {
    const theirs = await testSigning(2)
    const forged = await new SignJWT(payload).setProtectedHeader(header).sign(theirs.current.key)
    expect(await verify(forged)).toEqual(INVALID)
  })

  it('when signed with our key of another purpose', async () => {
    const text = `${part(header)}.${part(payload)}`
    for (const [purpose, use] of Object.entries(KEY_PURPOSES) as [KeyPurpose, string][]) {
      if (use !== 'sign') continue
      expect(await verify(`${text}.${await signText(ring.current.for[purpose], text)}`)).toEqual(INVALID)
    }
  })

  it('when signed by a key that its own header brings', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = await crypto.subtle.exportKey('jwk', publicKey)
    for (const extra of [
      { jwk },
      { jku: 'https://evil.example/jwks.json' },
      { x5u: 'https://evil.example' },
    ]) {
      const head = { alg: 'ES256', typ: 'at+jwt', kid, ...extra }
      expect(await verify(await new SignJWT(payload).setProtectedHeader(head).sign(privateKey))).toEqual(
        INVALID,
      )
    }
    const oct = { kty: 'oct', k: encodeBase64url(new Uint8Array(32)), alg: 'HS256' }
    const own = await new SignJWT(payload)
      .setProtectedHeader({ ...header, jwk: oct })
      .sign(new Uint8Array(32))
    expect(await verify(own)).toEqual(INVALID)
  })

  const [head = '', body = '', mac = ''] = token.split('.')
  it.each<[how: string, text: string]>([
    ['is empty', ''],
    ['is dots', '..'],
    ['lacks its signature', `${head}.${body}.`],
    ['lacks a part', `${head}.${body}`],
    ['has a part more', `${token}.x`],
    ['has five parts', `${token}.x.y`],
    ['is padded', `${token}=`],
    ['is padded in its header', `${head}=.${body}.${mac}`],
    ['begins with a space', ` ${token}`],
    ['ends with a space', `${token} `],
    ['ends with a line', `${token}\n`],
    ['holds a question mark', `${token.slice(0, -1)}?`],
    ['holds a question mark in its header', `${head}?.${body}.${mac}`],
    ['uses the other alphabet', `${head}.${body}.${`${mac.slice(0, -1)}+`}`],
    ['is percent-encoded', encodeURIComponent(`${token}=`)],
    ['is quoted', `"${token}"`],
    ['is JSON', JSON.stringify({ protected: head, payload: body, signature: mac })],
    ['has its signature cut', `${head}.${body}.${mac.slice(0, 22)}`],
    ['has its payload changed', `${head}.${part({ ...payload, roles: ['root'] })}.${mac}`],
    ['is longer than any cookie', `${head}.${body}.${'A'.repeat(8192)}`],
    ['is 1,000,000 dots', '.'.repeat(1_000_000)],
  ])('when its text %s', async (_how, text) => {
    expect(await verify(text)).toEqual(INVALID)
  })

  it('with any other last character of its signature, since bytes have one spelling', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (const last of alphabet.replace(token.at(-1) ?? '', '')) {
      expect(await verify(token.slice(0, -1) + last)).toEqual(INVALID)
    }
  })

  it('when it is a refresh token, and a refresh token when it is an access token', async () => {
    const refresh = await createRefreshToken(
      { sessionId: SESSION, nonce: encodeBase64url(new Uint8Array(16)), generation: 0 },
      ring,
    )
    expect(await verify(refresh)).toEqual(INVALID)
    expect(await verifyRefreshToken(token, ring)).toBeNull()
  })
})

describe('with names of its own for claims', () => {
  const names = { userId: 'user_id', jti: 'token_id', roles: 'https://example.com/roles', tokenType: 'kind' }
  const renamed: AccessTokenPolicy = { ...policy, form: { ...OWN_FORM, names } }
  const { sub, jti, roles, ...rest } = payload
  const written = { ...rest, user_id: sub, token_id: jti, 'https://example.com/roles': roles, kind: 'access' }
  const judge = async (body: unknown) => verifyAccessToken(await signed(header, body), renamed, keys, NOW)

  it('a token says the same under them, and nothing under the usual ones', async () => {
    const own = await createAccessToken(claims, renamed, keys)
    expect(JSON.parse(atob(own.split('.')[1] ?? ''))).toEqual(written)
    expect(await verifyAccessToken(own, renamed, keys, NOW)).toEqual({ ok: true, claims })
  })

  it.each<[why: string, body: Record<string, unknown>]>([
    ['with the usual names', payload],
    ['with the usual names beside its type', { ...payload, kind: 'access' }],
    ['without its type', { ...written, kind: undefined }],
    ['of the type refresh', { ...written, kind: 'refresh' }],
    ['without its user', { ...written, user_id: undefined, sub }],
    ['without its roles', { ...written, 'https://example.com/roles': undefined, roles }],
    [
      'without its session, which no other service may leave out here',
      { ...written, sid: undefined, gen: undefined, rev: undefined },
    ],
  ])('a token %s is refused', async (_why, body) => {
    expect(await judge(written)).toEqual({ ok: true, claims })
    expect(await judge(body)).toEqual(INVALID)
  })
})

it('a token for several audiences is ours when we are one of them', async () => {
  const several = { ...payload, aud: ['https://other.example', policy.audience] }
  expect(await verify(await signed(header, several))).toEqual({ ok: true, claims })
  expect(await verify(await signed(header, { ...payload, aud: ['https://other.example'] }))).toEqual(INVALID)
  expect(await verify(await signed(header, { ...payload, aud: [] }))).toEqual(INVALID)
})

it('leeway reaches to nbf as it does to exp, and no further', async () => {
  const early = await signed(header, { ...payload, nbf: IAT + 5 })
  expect(await verify(early, NOW, { leeway: 5000 })).toEqual({ ok: true, claims })
  expect(await verify(early, NOW, { leeway: 4999 })).toEqual(INVALID)
})

it('without an issuer and an audience in the policy, none is said and none is asked for', async () => {
  const open = { ...policy, issuer: null, audience: null }
  const own = await createAccessToken(claims, open, keys)
  expect(JSON.parse(atob(own.split('.')[1] ?? ''))).toEqual(claims)
  expect(await verifyAccessToken(own, open, keys, NOW)).toEqual({ ok: true, claims })
  expect(await verifyAccessToken(own, policy, keys, NOW)).toEqual(INVALID)
})
