// How do the options of access tokens become their policy, and the choice of their keys?
import * as v from 'valibot'
import type { AccessTokenForm, AccessTokenPolicy, ClaimNames } from '../core/access-token/claims.ts'
import { LONGEST_ACCESS_LIFETIME } from '../core/access-token/claims.ts'
import type { SigningAlgorithm } from '../core/keys/algorithms.ts'
import { isSecretAlgorithm, KEY_PAIR_ALGORITHMS, SECRET_ALGORITHMS } from '../core/keys/algorithms.ts'
import type { KeySource } from '../core/keys/import.ts'
import { duration, fail, ms, SECOND, within } from './check.ts'
import type { SigningChoice } from './config.ts'
import { DEFAULTS } from './defaults.ts'

const LONGEST_LEEWAY = 60 * SECOND
/** Bytes. HS256 with a shorter key can be guessed offline from one token (RFC 7518 section 3.2). */
const SHORTEST_SHARED_SECRET = 32

const ALGORITHMS = [...SECRET_ALGORITHMS, ...KEY_PAIR_ALGORITHMS] as const

const nonEmpty = v.pipe(v.string(), v.minLength(1))
const keySource = v.union([v.string(), v.record(v.string(), v.unknown())])
const claimName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z][A-Za-z0-9_.:/-]{0,127}$/, 'is not the name of a claim'),
)

/** As they come out of the schema. Durations in milliseconds. */
export interface AccessTokenOptions {
  readonly lifetime?: number | undefined
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
  readonly leeway?: number | undefined
  readonly signing?:
    | {
        readonly algorithm?: SigningAlgorithm | undefined
        readonly keys?: KeySource | readonly KeySource[] | undefined
      }
    | undefined
  readonly claims?: { readonly [claim in keyof ClaimNames]?: string | undefined } | undefined
  readonly preset?: 'simplejwt' | undefined
  readonly djangoSecretKey?: string | undefined
}

export const accessTokenSchema: v.GenericSchema<object, AccessTokenOptions> = v.strictObject({
  lifetime: v.optional(duration),
  issuer: v.optional(nonEmpty),
  audience: v.optional(nonEmpty),
  leeway: v.optional(duration),
  signing: v.optional(
    v.strictObject({
      algorithm: v.optional(v.picklist(ALGORITHMS, `must be one of ${ALGORITHMS.join(', ')}`)),
      keys: v.optional(
        v.union([v.array(keySource), keySource], 'must be keys in PEM or as JWK, newest first'),
      ),
    }),
  ),
  claims: v.optional(
    v.strictObject({
      userId: v.optional(claimName),
      jti: v.optional(claimName),
      tokenType: v.optional(claimName),
      roles: v.optional(claimName),
    }),
  ),
  preset: v.optional(v.picklist(['simplejwt'], 'must be simplejwt')),
  djangoSecretKey: v.optional(v.string()),
})

export function resolveAccessToken(options: AccessTokenOptions = {}, origin: string): AccessTokenPolicy {
  // Django's tokens say neither, unless they were told to.
  const fallback = options.preset === 'simplejwt' ? null : origin
  return {
    issuer: options.issuer ?? fallback,
    audience: options.audience ?? fallback,
    lifetime: within(
      'accessToken.lifetime',
      options.lifetime ?? ms(DEFAULTS.accessLifetime),
      SECOND,
      LONGEST_ACCESS_LIFETIME * SECOND,
    ),
    leeway: within('accessToken.leeway', options.leeway ?? 0, 0, LONGEST_LEEWAY),
    form: resolveForm(options),
  }
}

function resolveForm({ preset, claims }: AccessTokenOptions): AccessTokenForm {
  const base = preset === 'simplejwt' ? DEFAULTS.claims.simplejwt : DEFAULTS.claims.own
  const names: ClaimNames = {
    userId: claims?.userId ?? base.userId,
    jti: claims?.jti ?? base.jti,
    roles: claims?.roles ?? base.roles,
    tokenType: claims?.tokenType ?? base.tokenType,
  }
  checkClaimNames(names)
  return preset === 'simplejwt'
    ? { type: 'JWT', names, foreign: true }
    : { type: 'at+jwt', names, foreign: false }
}

/** What these say, no other claim may: our own, and those that every verifier judges (RFC 7519 section 4.1). */
const RESERVED = ['iss', 'aud', 'exp', 'nbf', 'iat', 'sid', 'gen', 'rev', 'amr', 'auth_time', 'foreign']
const REGISTERED: Readonly<Record<string, keyof ClaimNames>> = { sub: 'userId', jti: 'jti' }

function checkClaimNames(names: ClaimNames): void {
  const used = new Set<string>()
  for (const [claim, name] of Object.entries(names) as [keyof ClaimNames, string | null][]) {
    if (name === null) continue
    const taken = RESERVED.includes(name) || (REGISTERED[name] ?? claim) !== claim
    if (taken) fail(`option accessToken.claims.${claim}: ${name} has another meaning in every token`)
    if (used.has(name)) fail(`option accessToken.claims.${claim}: ${name} is another claim's name already`)
    used.add(name)
  }
}

export function resolveSigning(
  { preset, djangoSecretKey, signing }: AccessTokenOptions = {},
  secure: boolean,
): SigningChoice {
  if (preset === 'simplejwt') {
    if (signing)
      fail(
        'option accessToken.signing: the preset simplejwt signs with djangoSecretKey and HS256; leave it out',
      )
    return { from: 'shared', secret: resolveSharedSecret(djangoSecretKey, secure) }
  }
  if (djangoSecretKey !== undefined)
    fail("option accessToken.djangoSecretKey: is for accessToken.preset: 'simplejwt' only")
  const algorithm: SigningAlgorithm = signing?.algorithm ?? DEFAULTS.signingAlgorithm
  const keys = signing?.keys === undefined ? [] : [signing.keys].flat()
  if (isSecretAlgorithm(algorithm)) {
    if (keys.length > 0)
      fail(
        `option accessToken.signing.keys: ${algorithm} signs with a key derived from secret; leave them out, or choose an algorithm with a key pair, such as ES256`,
      )
    return { from: 'secret', algorithm }
  }
  if (keys.length === 0)
    fail(`option accessToken.signing.keys: ${algorithm} needs a private key; make one with: openssl genpkey`)
  return { from: 'keys', algorithm, keys: keys.map(copyKey) }
}

/** The configuration is frozen, and a caller's object is not ours to freeze. */
const copyKey = (key: KeySource): KeySource => (typeof key === 'string' ? key : structuredClone(key))

function resolveSharedSecret(text: string | undefined, secure: boolean): Uint8Array<ArrayBuffer> {
  if (text === undefined)
    return fail("option accessToken.djangoSecretKey: the preset simplejwt needs Django's SECRET_KEY")
  if (secure && text.startsWith('django-insecure-'))
    return fail(
      'option accessToken.djangoSecretKey: is the one that startproject wrote; make one that only the servers know',
    )
  const bytes = new TextEncoder().encode(text)
  if (bytes.length >= SHORTEST_SHARED_SECRET && new Set(bytes).size > SHORTEST_SHARED_SECRET / 4) return bytes
  return fail(
    `option accessToken.djangoSecretKey: must be at least ${SHORTEST_SHARED_SECRET} random bytes; whoever guesses it can sign in as anybody`,
  )
}
