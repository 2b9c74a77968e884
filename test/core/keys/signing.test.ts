// Are access tokens signed and verified with the right keys, each for one algorithm, and are bad keys refused?
import { createHmac, createSecretKey, generateKeyPairSync, hkdfSync, sign } from 'node:crypto'
import { calculateJwkThumbprint, compactVerify, importJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import type { KeyPairAlgorithm, SigningAlgorithm } from '../../../src/core/keys/algorithms.ts'
import {
  KEY_PAIR_ALGORITHMS,
  KEY_SHAPES,
  SECRET_ALGORITHMS,
  SECRET_BYTES,
} from '../../../src/core/keys/algorithms.ts'
import { signJws, verifyJws } from '../../../src/core/keys/jws.ts'
import type { SigningKeys } from '../../../src/core/keys/signing.ts'
import {
  createSigningKeys,
  deriveSigningKeys,
  importSecret,
  importSigningKeys,
  sharedSigningKeys,
} from '../../../src/core/keys/signing.ts'
import { keyPair } from '../../support/keys.ts'
import { secretBytes } from '../ring.ts'

const payload = new TextEncoder().encode('{"sub":"ada"}')

async function ringOf(algorithm: KeyPairAlgorithm, ...sources: (string | object)[]): Promise<SigningKeys> {
  const verdict = await importSigningKeys(sources as string[], algorithm)
  if (!verdict.ok) throw new Error(`key ${verdict.index + 1} ${verdict.reason}`)
  return verdict.keys
}

const headerOf = (token: string): Record<string, unknown> => JSON.parse(atob(token.split('.')[0] ?? ''))

describe('keys of a secret', () => {
  it.each(SECRET_ALGORITHMS)(
    'sign with %s, and have a key of their own as long as the hash',
    async (algorithm) => {
      const keys = await deriveSigningKeys([secretBytes(1)], algorithm)
      const token = await signJws(payload, 'at+jwt', keys.current)
      expect(headerOf(token)).toEqual({ alg: algorithm, typ: 'at+jwt', kid: keys.current.id })
      expect(await verifyJws(token, keys)).not.toBeNull()
      const purpose = algorithm === 'HS256' ? 'access-token' : `access-token/${algorithm}`
      const raw = hkdfSync('sha256', secretBytes(1), '', `lockjar/v1/${purpose}`, SECRET_BYTES[algorithm])
      const [head, body, mac] = token.split('.')
      const hash = `sha${algorithm.slice(2)}`
      expect(mac).toBe(
        createHmac(hash, createSecretKey(Buffer.from(raw)))
          .update(`${head}.${body}`)
          .digest('base64url'),
      )
      expect(keys.published).toBeNull()
    },
  )

  it('of one algorithm verify nothing of another, though their ids are one', async () => {
    for (const made of SECRET_ALGORITHMS) {
      const token = await signJws(
        payload,
        'at+jwt',
        (await deriveSigningKeys([secretBytes(1)], made)).current,
      )
      for (const used of SECRET_ALGORITHMS) {
        const verified = await verifyJws(token, await deriveSigningKeys([secretBytes(1)], used))
        expect(verified !== null).toBe(made === used)
      }
    }
  })

  it('rotate by a list: the first signs, all verify', async () => {
    const before = await deriveSigningKeys([secretBytes(1)], 'HS384')
    const after = await deriveSigningKeys([secretBytes(2), secretBytes(1)], 'HS384')
    const token = await signJws(payload, 'at+jwt', before.current)
    expect(await verifyJws(token, after)).not.toBeNull()
    expect(await verifyJws(await signJws(payload, 'at+jwt', after.current), before)).toBeNull()
  })
})

describe('a secret that is shared', () => {
  it('signs without naming a key, and verifies only what names none', async () => {
    const keys = await sharedSigningKeys(secretBytes(1))
    const token = await signJws(payload, 'JWT', keys.current)
    expect(headerOf(token)).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect(await verifyJws(token, keys)).not.toBeNull()
    const named = await signJws(payload, 'JWT', { ...keys.current, id: 'some' })
    expect(await verifyJws(named, keys)).toBeNull()
  })
})

describe.each(KEY_PAIR_ALGORITHMS)('a key pair of %s', (algorithm) => {
  it('signs what others verify with the published half alone', async () => {
    const pair = keyPair(algorithm)
    const keys = await ringOf(algorithm, pair.privatePem)
    const token = await signJws(payload, 'at+jwt', keys.current)
    const [published] = keys.published ?? []
    if (!published) throw new Error('nothing is published')
    expect(headerOf(token)).toEqual({ alg: algorithm, typ: 'at+jwt', kid: published.kid })
    const { payload: read } = await compactVerify(token, await importJWK({ ...published }))
    expect(read).toEqual(payload)
    expect(await verifyJws(token, keys)).toMatchObject({ payload })
    expect(published).toMatchObject({ use: 'sig', alg: algorithm, kty: KEY_SHAPES[algorithm].kty })
    expect(published.kid).toBe(await calculateJwkThumbprint(pair.publicJwk))
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'])
      expect(published).not.toHaveProperty(secret)
  })

  it('is the same key as PEM, as a JWK and as the text of one', async () => {
    const { privatePem, privateJwk } = keyPair(algorithm)
    const ids = await Promise.all(
      [privatePem, `\n${privatePem}\n`, privateJwk, JSON.stringify(privateJwk)].map(
        async (source) => (await ringOf(algorithm, source)).current.id,
      ),
    )
    expect(new Set(ids).size).toBe(1)
  })

  it('verifies with earlier keys, public or private, and signs with the first', async () => {
    const [old, now] = [keyPair(algorithm), keyPair(algorithm, 1)]
    const before = await ringOf(algorithm, old.privatePem)
    const token = await signJws(payload, 'at+jwt', before.current)
    for (const source of [old.publicPem, old.privatePem, old.publicJwk]) {
      const after = await ringOf(algorithm, now.privatePem, source)
      expect(await verifyJws(token, after)).not.toBeNull()
      expect(after.published?.map(({ kid }) => kid)).toEqual([after.current.id, before.current.id])
      expect(await verifyJws(await signJws(payload, 'at+jwt', after.current), before)).toBeNull()
    }
  })

  it('cannot be taken out of memory', async () => {
    const { current } = await ringOf(algorithm, keyPair(algorithm).privatePem)
    await expect(crypto.subtle.exportKey('pkcs8', current.key)).rejects.toThrow()
  })

  it('verifies its own algorithm only, whatever the token says', async () => {
    const { privatePem, privateKey, publicPem } = keyPair(algorithm)
    const keys = await ringOf(algorithm, privatePem)
    const kid = keys.current.id ?? ''
    for (const other of KEY_PAIR_ALGORITHMS) {
      if (other === algorithm || KEY_SHAPES[other].kty !== KEY_SHAPES[algorithm].kty) continue
      if (KEY_SHAPES[other].crv !== KEY_SHAPES[algorithm].crv) continue
      const token = await new SignJWT({}).setProtectedHeader({ alg: other, kid }).sign(privateKey)
      expect(await verifyJws(token, keys), other).toBeNull()
    }
    // The oldest of all: the public key, which everybody has, as the secret of a MAC.
    for (const secret of [publicPem, publicPem.trim(), JSON.stringify(keys.published?.[0])]) {
      const bytes = new TextEncoder().encode(secret)
      const token = await new SignJWT({}).setProtectedHeader({ alg: 'HS256', kid }).sign(bytes)
      expect(await verifyJws(token, keys)).toBeNull()
    }
  })
})

it('Ed25519 makes the signature of RFC 8037, appendix A.4', async () => {
  const jwk = {
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  }
  const keys = await ringOf('EdDSA', jwk)
  expect(keys.current.id).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  const token =
    'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'
  const verified = await verifyJws(token, { find: () => keys.find(keys.current.id) })
  expect(new TextDecoder().decode(verified?.payload)).toBe('Example of Ed25519 signing')
})

describe('a key is refused', () => {
  const rsa = (bits: number) =>
    generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const es256 = keyPair('ES256')
  const rs256 = keyPair('RS256')
  const pkcs1 = rs256.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string
  const sec1 = es256.privateKey.export({ type: 'sec1', format: 'pem' }) as string
  const encrypted = es256.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  }) as string

  it.each<
    [why: string, algorithm: KeyPairAlgorithm, sources: (string | object)[], index: number, told: RegExp]
  >([
    [
      'of 2047 bits',
      'RS256',
      [rsa(2047)],
      0,
      /RSA key of 2047 bits; at least 2048 are needed, 3072 are recommended/,
    ],
    ['of 1024 bits', 'PS256', [rsa(1024)], 0, /RSA key of 1024 bits/],
    [
      'of another kind',
      'ES256',
      [rs256.privatePem],
      0,
      /is not a key for ES256, which takes EC with the curve P-256/,
    ],
    ['of another kind, as JWK', 'RS256', [es256.privateJwk], 0, /is not a key for RS256, which takes RSA$/],
    ['of another curve', 'ES384', [es256.privatePem], 0, /is not a key for ES384.*P-384/],
    ['of another curve, as JWK', 'ES384', [es256.privateJwk], 0, /is not a key for ES384/],
    [
      'when it is public and should sign',
      'ES256',
      [es256.publicPem],
      0,
      /is public, but the first key signs/,
    ],
    ['when it is there twice', 'ES256', [es256.privatePem, es256.publicJwk], 1, /is there twice/],
    ['when there is none', 'ES256', [], 0, /is missing/],
    ['in the form PKCS#1', 'RS256', [pkcs1], 0, /PEM of the kind "RSA PRIVATE KEY".*openssl pkcs8 -topk8/],
    ['in the form SEC 1', 'ES256', [sec1], 0, /PEM of the kind "EC PRIVATE KEY"/],
    ['when it is encrypted', 'ES256', [encrypted], 0, /PEM of the kind "ENCRYPTED PRIVATE KEY"/],
    ['when its PEM is cut', 'ES256', [es256.privatePem.slice(0, 60)], 0, /is not a key for ES256/],
    ['when it is any text', 'ES256', ['secret'], 0, /is neither PEM nor a JWK/],
    ['when it is empty', 'ES256', [''], 0, /is neither PEM nor a JWK/],
    ['when it is broken JSON', 'ES256', ['{"kty":'], 0, /is not JSON/],
    ['when it is a set of keys', 'ES256', [{ keys: [es256.privateJwk] }], 0, /is not a key for ES256/],
    ['when it is a secret', 'RS256', [{ kty: 'oct', k: 'AAAA' }], 0, /is not a key for RS256/],
    [
      'when it is for encryption',
      'ES256',
      [{ ...es256.privateJwk, use: 'enc' }],
      0,
      /its "use" says otherwise/,
    ],
    [
      'when it is for another algorithm',
      'PS256',
      [{ ...rs256.privateJwk, alg: 'RS256' }],
      0,
      /its "alg" says so/,
    ],
    ['when it may not sign', 'ES256', [{ ...es256.privateJwk, key_ops: ['verify'] }], 0, /its "key_ops" say/],
    [
      'when its operations are odd',
      'ES256',
      [{ ...es256.privateJwk, key_ops: 'sign' }],
      0,
      /its "key_ops" say/,
    ],
    ['with the exponent 1', 'RS256', [{ ...rs256.privateJwk, e: 'AQ' }], 0, /an exponent that signs nothing/],
    [
      'with an even exponent',
      'RS256',
      [{ ...rs256.privateJwk, e: 'BA' }],
      0,
      /an exponent that signs nothing/,
    ],
    [
      'without its modulus',
      'RS256',
      [{ ...rs256.privateJwk, n: undefined }],
      0,
      /modulus or exponent cannot be read/,
    ],
    [
      'with a point off the curve',
      'ES256',
      [{ ...es256.privateJwk, y: es256.privateJwk['x'] }],
      0,
      /is not a key/,
    ],
    [
      'with the private half of another',
      'Ed25519',
      [{ ...keyPair('Ed25519').privateJwk, d: keyPair('Ed25519', 1).privateJwk['d'] }],
      0,
      /private half that does not belong|is not a key/,
    ],
    [
      'with the private half of another, among RSA keys',
      'RS256',
      [{ ...rs256.privateJwk, n: keyPair('RS256', 1).privateJwk['n'] }],
      0,
      /private half that does not belong|is not a key/,
    ],
  ])('%s', async (_why, algorithm, sources, index, told) => {
    const verdict = await importSigningKeys(sources as string[], algorithm)
    expect(verdict).toEqual({ ok: false, index, reason: expect.stringMatching(told) })
    const { reason } = verdict as { reason: string }
    expect(reason).not.toContain(String(es256.privateJwk['d']))
  })

  it('but not with 2048 bits, a purpose that fits, or members that mean nothing to us', async () => {
    await ringOf('RS256', rsa(2048) as string)
    await ringOf('ES256', {
      ...es256.privateJwk,
      use: 'sig',
      alg: 'ES256',
      key_ops: ['sign'],
      kid: 'theirs',
      x5c: [],
    })
    await ringOf('Ed25519', { ...keyPair('Ed25519').privateJwk, alg: 'EdDSA' })
  })

  it('with one id for two keys, or of two algorithms, when a ring is put together', async () => {
    const key = {
      id: 'one',
      algorithm: 'HS256' as SigningAlgorithm,
      key: await importSecret(secretBytes(1), 'HS256'),
    }
    expect(() => createSigningKeys(key, [key, key], null)).toThrow(/two signing keys have one id/)
    const other = { ...key, id: 'two', algorithm: 'ES256' as SigningAlgorithm }
    expect(() => createSigningKeys(key, [key, other], null)).toThrow(/two algorithms/)
  })
})

it('a signature in another form than the algorithm’s own is refused', async () => {
  const { privatePem, privateKey } = keyPair('ES256')
  const keys = await ringOf('ES256', privatePem)
  const [head = '', body = ''] = (await signJws(payload, 'at+jwt', keys.current)).split('.')
  const der = sign('sha256', Buffer.from(`${head}.${body}`), { key: privateKey, dsaEncoding: 'der' })
  expect(await verifyJws(`${head}.${body}.${der.toString('base64url')}`, keys)).toBeNull()
  const zeros = Buffer.alloc(64).toString('base64url')
  expect(await verifyJws(`${head}.${body}.${zeros}`, keys)).toBeNull()
})
