// Under which names do an access token's claims travel?
import * as v from 'valibot'
import type { AccessClaims, AccessTokenPolicy, ClaimNames } from './claims.ts'

export type Payload = Readonly<Record<string, unknown>>

/** What the claim of the token's type says. A refresh token of another service says `refresh`. */
export const TOKEN_TYPE = 'access'

const text = v.pipe(v.string(), v.minLength(1))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const claimsSchema = v.object({
  sub: text,
  sid: text,
  gen: count,
  rev: count,
  iat: count,
  exp: count,
  jti: v.string(),
  amr: v.array(v.string()),
  auth_time: count,
  roles: v.array(v.string()),
})

/** Django's ids are numbers as often as texts. */
const foreignSchema = v.object({
  sub: v.union([text, v.pipe(count, v.transform(String))]),
  jti: text,
  iat: count,
  exp: count,
})

export function toPayload(claims: AccessClaims, { issuer, audience, form }: AccessTokenPolicy): Payload {
  const { sub, jti, roles, foreign: _, ...rest } = claims
  const { names } = form
  return {
    ...rest,
    [names.userId]: sub,
    [names.jti]: jti,
    [names.roles]: roles,
    ...(names.tokenType !== null && { [names.tokenType]: TOKEN_TYPE }),
    ...(issuer !== null && { iss: issuer }),
    ...(audience !== null && { aud: audience }),
  }
}

/** The claims by our own names, or `null` where one is missing or not what it should be. */
export function fromPayload(payload: Payload, { form }: AccessTokenPolicy): AccessClaims | null {
  const canonical = rename(payload, form.names)
  const result = v.safeParse(claimsSchema, canonical)
  if (result.success) return result.output
  return form.foreign && isForeign(payload) ? fromForeign(canonical) : null
}

function rename(payload: Payload, { userId, jti, roles }: ClaimNames): Payload {
  return { ...payload, sub: own(payload, userId), jti: own(payload, jti), roles: own(payload, roles) }
}

const own = (payload: Payload, name: string): unknown =>
  Object.hasOwn(payload, name) ? payload[name] : undefined

/** One that says anything of a session is ours, and must say all of it. */
const isForeign = (payload: Payload): boolean =>
  !['sid', 'gen', 'rev'].some((name) => Object.hasOwn(payload, name))

/**
 * Nothing is known of how or when its user signed in, nor of roles, so nothing is claimed. Its session id cannot be that of
 * one of our sessions, whatever its `jti` says.
 */
function fromForeign(canonical: Payload): AccessClaims | null {
  const result = v.safeParse(foreignSchema, canonical)
  if (!result.success) return null
  const { jti } = result.output
  return {
    ...result.output,
    sid: `jti:${jti}`,
    gen: 0,
    rev: 0,
    amr: [],
    auth_time: 0,
    roles: [],
    foreign: true,
  }
}
