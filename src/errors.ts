// Which refusals exist, with which HTTP status, and what may safely be said about each?

/** A stable error code, as sent in the `code` member of a problem document. */
export type ErrorCode =
  | 'malformed'
  | 'invalid_credentials'
  | 'unauthenticated'
  | 'token_expired'
  | 'session_revoked'
  | 'account_disabled'
  | 'cookie_conflict'
  | 'csrf_failed'
  | 'step_up_required'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'link_ended'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'misdirected'
  | 'validation_failed'
  | 'rate_limited'
  | 'new_password_needed'
  | 'cookie_too_large'
  | 'internal_error'
  | 'unavailable'

interface CodeEntry {
  readonly status: number
  /** Said to anyone. Holds no fact about an account, a token or the machine. */
  readonly title: string
}

/** Every stable `code`. Clients may depend on the code and the status, never on the wording. */
export const CODES: Readonly<Record<ErrorCode, CodeEntry>> = {
  malformed: { status: 400, title: 'The request could not be parsed.' },
  invalid_credentials: { status: 401, title: 'The sign-in details are not right.' },
  unauthenticated: { status: 401, title: 'Sign in to continue.' },
  token_expired: { status: 401, title: 'The access token has ended; refresh and try again.' },
  session_revoked: { status: 401, title: 'This session has been revoked; sign in again.' },
  account_disabled: { status: 401, title: 'This account has been disabled.' },
  cookie_conflict: { status: 401, title: 'The browser sent one cookie name with two values.' },
  csrf_failed: { status: 403, title: 'The request did not prove that it comes from a trusted page.' },
  step_up_required: { status: 403, title: 'Prove your password again to do this.' },
  forbidden: { status: 403, title: 'This is not allowed.' },
  not_found: { status: 404, title: 'There is nothing here.' },
  method_not_allowed: { status: 405, title: 'This method is not supported here.' },
  conflict: { status: 409, title: 'This is already taken.' },
  link_ended: { status: 410, title: 'This link has ended; ask for a new one.' },
  payload_too_large: { status: 413, title: 'The body is too large.' },
  unsupported_media_type: { status: 415, title: 'Send application/json or a URL-encoded form.' },
  misdirected: { status: 421, title: 'This server does not answer for that host.' },
  validation_failed: { status: 422, title: 'Some fields are not valid.' },
  rate_limited: { status: 429, title: 'Too many tries; wait a while before the next.' },
  new_password_needed: { status: 422, title: 'Choose a new password to finish.' },
  cookie_too_large: { status: 500, title: 'A cookie would be too large for a browser to keep.' },
  internal_error: { status: 500, title: 'Something went wrong here; it has been logged.' },
  unavailable: { status: 503, title: 'Not available just now; try again shortly.' },
}

/** One field that was refused. */
export interface FieldError {
  /** Dotted path of the field in the body; empty for the body as a whole. */
  readonly field: string
  readonly code: string
  readonly message: string
}

export interface AuthErrorFacts {
  /** What happened this time. Never a token, a secret or an e-mail address. */
  readonly detail?: string
  readonly errors?: readonly FieldError[]
  /** Seconds, sent as `Retry-After`. */
  readonly retryAfter?: number
  /** Methods that are supported, sent as `Allow`. */
  readonly allow?: readonly string[]
  /** `Set-Cookie` values that the answer must carry, whoever writes it. */
  readonly setCookies?: readonly string[]
  /** The refusal has just ended the session, so its cookies are cleared. */
  readonly endsSession?: boolean
  readonly cause?: unknown
}

const MARK = Symbol.for('lockjar.AuthError')

/**
 * A refusal with a stable code. Thrown for what the world did, never for a programmer's mistake, which is a
 * `TypeError` when the object is made.
 *
 * @example
 * ```ts
 * import { AuthError } from 'lockjar'
 *
 * const refusal = new AuthError('forbidden', { detail: 'Only the owner may do this.' })
 * console.log(refusal.code, refusal.status) // forbidden 403
 * ```
 */
export class AuthError extends Error {
  static {
    Object.defineProperty(AuthError.prototype, MARK, { value: true })
  }

  /** By a mark: a bundler may give each page a copy of this class, and one copy's refusal is not another copy's crash. */
  static override [Symbol.hasInstance](value: unknown): value is AuthError {
    return typeof value === 'object' && value !== null && MARK in value
  }

  override readonly name = 'AuthError'
  readonly code: ErrorCode
  readonly facts: AuthErrorFacts

  constructor(code: ErrorCode, facts: AuthErrorFacts = {}) {
    super(facts.detail ?? CODES[code].title, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.facts = facts
  }

  /** The HTTP status of the code. */
  get status(): number {
    return CODES[this.code].status
  }
}

/**
 * Why a mail was not taken. `refused`: this mail never will be, and it is dropped. `deferred`: this mail may be later.
 * `unreachable`: no mail can be sent just now, for the server is down or turns us away; the others wait too.
 */
export type MailFailure = 'refused' | 'deferred' | 'unreachable'

/**
 * What a `Mailer` rejects with where it knows what went wrong. Any other error counts as `deferred`.
 *
 * @example
 * ```ts
 * import { MailError } from 'lockjar'
 *
 * const failure = new MailError('refused', { code: 'blocked' })
 * console.log(failure.failure, failure.code) // refused blocked
 * ```
 */
export class MailError extends Error {
  override readonly name = 'MailError'
  readonly failure: MailFailure
  /** For the log: a word or a number, such as `ECONNREFUSED` or `550`. Never what the server said, which may hold an address. */
  readonly code: string

  constructor(failure: MailFailure, { code, cause }: { readonly code: string; readonly cause?: unknown }) {
    super(`mail ${failure}: ${code}`, cause === undefined ? undefined : { cause })
    this.failure = failure
    this.code = code
  }
}
