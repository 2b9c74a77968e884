// Does a node verify each token once, and still judge its time at every use?
import { describe, expect, it } from 'vitest'
import type { AccessClaims, AccessTokenPolicy } from '../../src/core/access-token/claims.ts'
import { createAccessToken } from '../../src/core/access-token/create.ts'
import type { SigningKeys } from '../../src/core/keys/signing.ts'
import { createVerifiedTokens } from '../../src/state/verified-tokens.ts'
import { OWN_FORM, testSigning } from '../core/ring.ts'

const IAT = 1_767_225_600
const NOW = IAT * 1000
const policy: AccessTokenPolicy = {
  issuer: 'me',
  audience: 'you',
  lifetime: 600_000,
  leeway: 0,
  form: OWN_FORM,
}
const keys = await testSigning(1)

const claims = (jti: string): AccessClaims => ({
  sub: 'user',
  sid: 'session',
  gen: 0,
  rev: 0,
  iat: IAT,
  exp: IAT + 600,
  jti,
  amr: ['pwd'],
  auth_time: IAT,
  roles: [],
})
const make = (jti: string): Promise<string> => createAccessToken(claims(jti), policy, keys)

/** `lookups` counts how often a key was asked for: once for each signature that is verified. */
function create({ capacity = 100, leeway = 0 } = {}) {
  const counted = { lookups: 0, seen: [] as string[] }
  const countingKeys: Pick<SigningKeys, 'find'> = {
    find(id) {
      counted.lookups++
      return keys.find(id)
    },
  }
  const tokens = createVerifiedTokens({
    policy: { ...policy, leeway },
    keys: countingKeys,
    capacity,
    onFirstSight: ({ jti }) => counted.seen.push(jti),
  })
  return { tokens, counted }
}

describe('verified tokens', () => {
  it('are verified by signature once; after that the answer is there at once', async () => {
    const { tokens, counted } = create()
    const token = await make('a')
    expect(await tokens.verify(token, NOW)).toEqual({ ok: true, claims: claims('a') })
    for (let use = 0; use < 10; use++) {
      const verdict = tokens.verify(token, NOW)
      expect(verdict).not.toBeInstanceOf(Promise)
      expect(verdict).toEqual({ ok: true, claims: claims('a') })
    }
    expect(counted.lookups).toBe(1)
  })

  it('tell of each token when it is first seen, and of no refused one', async () => {
    const { tokens, counted } = create()
    const [a, b] = [await make('a'), await make('b')]
    for (const token of [a, a, b, a, b]) await tokens.verify(token, NOW)
    await tokens.verify(`${a.slice(0, -3)}AAA`, NOW)
    await tokens.verify(await make('late'), NOW + 600_000)
    expect(counted.seen).toEqual(['a', 'b'])
  })

  it.each<[leeway: number]>([[0], [5000]])(
    'end at their expiry also on a hit, with a leeway of %i ms',
    async (leeway) => {
      const { tokens } = create({ leeway })
      const token = await make('a')
      const end = NOW + 600_000 + leeway
      await tokens.verify(token, NOW)
      expect(tokens.verify(token, end - 1)).toMatchObject({ ok: true })
      const expired = { ok: false, reason: 'expired', claims: claims('a') }
      expect(tokens.verify(token, end)).toEqual(expired)
      expect(await tokens.verify(token, end)).toEqual(expired)
      expect(await create({ leeway }).tokens.verify(token, end)).toEqual(expired)
    },
  )

  it('know a token by its exact text', async () => {
    const { tokens } = create()
    const token = await make('a')
    await tokens.verify(token, NOW)
    for (const other of [
      `${token}=`,
      ` ${token}`,
      `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
    ]) {
      expect(await tokens.verify(other, NOW)).toEqual({ ok: false, reason: 'invalid' })
    }
  })

  it('do not remember what was refused', async () => {
    const { tokens, counted } = create()
    const theirs = await createAccessToken(claims('x'), { ...policy, audience: 'other' }, keys)
    for (let use = 0; use < 3; use++) await tokens.verify(theirs, NOW)
    expect(counted.lookups).toBe(3)
  })

  it('are bounded, and those in use stay', async () => {
    const { tokens, counted } = create({ capacity: 10 })
    const used = await make('used')
    const first = await make('first')
    await tokens.verify(used, NOW)
    await tokens.verify(first, NOW)
    for (let n = 0; n < 50; n++) {
      await tokens.verify(await make(`n${n}`), NOW)
      expect(tokens.verify(used, NOW)).not.toBeInstanceOf(Promise)
    }
    expect(tokens.verify(first, NOW)).toBeInstanceOf(Promise)
    expect(counted.seen.filter((jti) => jti === 'used')).toHaveLength(1)
  })
})
