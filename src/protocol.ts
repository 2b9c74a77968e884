// What goes over the wire, as both the server and the browser see it?

/** A person who can sign in, as anyone entitled to see them sees them. */
export interface User {
  readonly id: string
  readonly email: string
  readonly username: string | null
  readonly name: string | null
  readonly roles: readonly string[]
  readonly emailVerified: boolean
  /** ISO 8601, UTC. */
  readonly createdAt: string
}

/** A user as those see them who administer users. */
export interface ManagedUser extends User {
  /** ISO 8601, UTC; `null` while the account is enabled. */
  readonly disabledAt: string | null
  /** `null` for somebody who never signed in. */
  readonly lastLoginAt: string | null
  /** Without one the user signs in by other means, or has yet to choose one through a mail. */
  readonly hasPassword: boolean
}

export interface UserPage {
  readonly users: readonly ManagedUser[]
  /** What to send as `after` for the next page; `null` at the end. */
  readonly next: string | null
}

/** One sign-in on one browser or device. Holds nothing that could be used as a credential. */
export interface Session {
  readonly id: string
  readonly createdAt: string
  /** The absolute end, fixed at sign-in. */
  readonly expiresAt: string
  /** The end unless the session is used before. */
  readonly idleExpiresAt: string
  /** The end of the access token; `null` where none was issued by this answer. */
  readonly accessExpiresAt: string | null
  readonly remember: boolean
  /** Whether it is the session that asked. */
  readonly current: boolean
}

/** A session in the list of a user's sessions. */
export interface ListedSession extends Session {
  readonly lastSeenAt: string
  readonly ip: string | null
  readonly userAgent: string | null
}

/** Answer of sign-in and registration. */
export interface SignedIn {
  readonly user: User
  readonly session: Session
}

/** `application/problem+json`, RFC 9457, with a stable `code`. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail?: string
  /** On a developer's machine only: the cause, and the setting to change. */
  readonly hint?: string
  readonly errors?: readonly { readonly field: string; readonly code: string; readonly message: string }[]
}

export interface RegisterBody {
  readonly email: string
  readonly password: string
  readonly username?: string
  readonly name?: string
  readonly remember?: boolean
}

export type LoginBody = { readonly password: string; readonly remember?: boolean } & (
  | { readonly email: string }
  | { readonly username: string }
  | { readonly identifier: string }
)

export interface ProfileBody {
  readonly name?: string | null
  readonly username?: string | null
}

/** Where Lockjar's routes live unless `basePath` says otherwise. */
export const BASE_PATH = '/auth'

/** Paths below `basePath`. The page's half writes them out, which is shorter there, and its types are held to these. */
export const PATHS = {
  register: '/register',
  login: '/login',
  refresh: '/refresh',
  stepUp: '/step-up',
  logout: '/logout',
  logoutAll: '/logout-all',
  me: '/me',
  csrf: '/csrf',
  passwordChange: '/password/change',
  sessions: '/sessions',
  revokeOthers: '/sessions/revoke-others',
  passwordForgot: '/password/forgot',
  passwordReset: '/password/reset',
  emailVerifyRequest: '/email/verify/request',
  emailVerify: '/email/verify',
  emailChange: '/email/change',
  emailChangeConfirm: '/email/change/confirm',
  adminUsers: '/admin/users',
  adminUsersSearch: '/admin/users/search',
  jwks: '/jwks.json',
  openapi: '/openapi.json',
} as const

/** Below `basePath`: the pages that links open, unless `links` names others. */
export const LINK_PAGES = {
  verify: '/verify-email',
  reset: '/reset-password',
  changeEmail: '/change-email',
} as const

export type Path = (typeof PATHS)[keyof typeof PATHS]

/** The request header that carries the CSRF token. */
export const CSRF_HEADER = 'x-csrf-token'

/** Other request headers of ours. */
export const HEADERS = {
  /** Asks for tokens in the body; heard only from clients that are no browsers. */
  tokens: 'lockjar-tokens',
  /** Django's name for the same header. */
  csrfDjango: 'x-csrftoken',
} as const

/** The form field that may carry the CSRF token; Django's name. */
export const CSRF_FIELD = 'csrfmiddlewaretoken'

/** Media type of every refusal. */
export const PROBLEM_TYPE = 'application/problem+json'
