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
  /** Made by another service with the key that we share: there is no session row, no generation and no revision behind it. */
  readonly foreign?: true
}

/** Who issues access tokens, for whom, in which form and within which bounds. */
export interface AccessTokenPolicy {
  /** `null`: not said, and not asked for. */
  readonly issuer: string | null
  readonly audience: string | null
  /** Milliseconds. */
  readonly lifetime: number
  /** Milliseconds by which the clocks of two nodes may differ. */
  readonly leeway: number
  readonly form: AccessTokenForm
}

export interface AccessTokenForm {
  /**
   * The header's `typ`. `at+jwt` is explicit typing, RFC 9068 section 2.1: nothing else that we sign can be taken for an access
   * token.
   */
  readonly type: 'at+jwt' | 'JWT'
  /** The names of claims on the wire. */
  readonly names: ClaimNames
  /** Whether tokens that another service made with the shared key are accepted. */
  readonly foreign: boolean
}

export interface ClaimNames {
  readonly userId: string
  readonly jti: string
  readonly roles: string
  /** A claim that says `access`, and must; `null` for none. */
  readonly tokenType: string | null
}

/** Seconds. A token that claims to live longer is refused, so that the revocation log may forget (DESIGN). */
export const LONGEST_ACCESS_LIFETIME = 3600
