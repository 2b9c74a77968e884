// What does an access token say?

/** Claims of an access token, RFC 9068 section 2.2. Times in seconds since 1970. */
export interface AccessClaims {
  readonly sub: string
  readonly sid: string
  /** Generation of the session at issue. */
  readonly gen: number
  /** Revision of the user at issue. */
  readonly rev: number
  readonly iat: number
  readonly exp: number
  readonly jti: string
  readonly amr: readonly string[]
  readonly auth_time: number
  readonly roles: readonly string[]
}

/** Who issues access tokens, for whom, and within which bounds. */
export interface AccessTokenPolicy {
  readonly issuer: string
  readonly audience: string
  /** Milliseconds. */
  readonly lifetime: number
  /** Milliseconds by which the clocks of two nodes may differ. */
  readonly leeway: number
}

/** Explicit typing, RFC 9068 section 2.1: nothing else that we sign can be taken for an access token. */
export const ACCESS_TOKEN_TYPE = 'at+jwt'
export const ACCESS_TOKEN_ALGORITHM = 'HS256'

/** Seconds. A token that claims to live longer is refused, so that the revocation log may forget (DESIGN). */
export const LONGEST_ACCESS_LIFETIME = 3600
