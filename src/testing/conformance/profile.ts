// How does somebody describe a sign-in API, so that a stranger can use it?
import * as v from 'valibot'

/** Texts of a body may hold `{email}`, `{username}`, `{password}`, `{newPassword}`, `{nonce}` and `{refresh}`. */
export interface Step {
  readonly path: string
  /** Default POST. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Default: none. */
  readonly body?: Readonly<Record<string, string | number | boolean | null>>
  /** Default `json`. */
  readonly type?: 'json' | 'form'
}

/**
 * A sign-in API, for `runConformance` and `lockjar conformance`. Paths are from the root of the server.
 *
 * @example
 * ```ts
 * import type { Profile } from 'lockjar/testing'
 *
 * const profile: Profile = {
 *   name: 'our API',
 *   register: { path: '/signup', body: { email: '{email}', password: '{password}' } },
 *   login: { path: '/login', body: { email: '{email}', password: '{password}' } },
 *   me: { path: '/me' },
 *   logout: { path: '/logout' },
 *   session: { cookies: ['session'] },
 * }
 * ```
 */
export interface Profile {
  /** For the report. */
  readonly name: string
  /** Makes an account. Without it, `accounts` has those that there are. */
  readonly register?: Step
  readonly accounts?: readonly {
    readonly email?: string
    readonly username?: string
    readonly password: string
  }[]
  readonly login: Step
  /** Answers 2xx to somebody who is signed in, and to nobody else. `contains`: and holds this text. */
  readonly me: { readonly path: string; readonly contains?: string }
  readonly logout?: Step
  readonly refresh?: Step
  /** Seconds in which a refresh token that is used up is served again on purpose, for tabs and lost answers. The kit waits them out. */
  readonly refreshGrace?: number
  /** With `{password}` and `{newPassword}`. */
  readonly changePassword?: Step
  /** Changes something, and needs to be signed in. Default: `changePassword`, or `logout`. */
  readonly change?: Step
  /** An address that anybody may ask for. */
  readonly public?: { readonly path: string }
  /** How the session travels. */
  readonly session:
    | {
        /** Names of the cookies that say who somebody is, with or without prefix. */
        readonly cookies: readonly string[]
      }
    | {
        /** Fields of the answer to `login`, with dots; and where the first goes. */
        readonly token: string
        readonly refresh?: string
        /** Default `authorization`, with the scheme `Bearer`. */
        readonly header?: string
        readonly scheme?: string
      }
  /** How a page gets the CSRF token, where the server asks for one: a field of what `path` answers, or a cookie. */
  readonly csrf?: {
    readonly path?: string
    readonly field?: string
    readonly cookie?: string
    readonly header: string
  }
}

/** The same with its defaults. */
export interface KnownStep extends Step {
  readonly method: NonNullable<Step['method']>
  readonly type: NonNullable<Step['type']>
}

type Steps = 'register' | 'login' | 'logout' | 'refresh' | 'changePassword' | 'change'

export interface KnownProfile extends Omit<Profile, Steps | 'accounts' | 'session' | 'refreshGrace'> {
  readonly register?: KnownStep | undefined
  readonly login: KnownStep
  readonly logout?: KnownStep | undefined
  readonly refresh?: KnownStep | undefined
  readonly changePassword?: KnownStep | undefined
  readonly change?: KnownStep | undefined
  readonly accounts?: readonly Account[] | undefined
  readonly refreshGrace: number
  readonly session:
    | { readonly cookies: readonly string[] }
    | {
        readonly token: string
        readonly refresh?: string | undefined
        readonly header: string
        readonly scheme: string
      }
}

export interface Account {
  readonly email: string
  readonly username: string
  readonly password: string
}

// The shape itself. What each field means stands at `Profile`.
const text = (most: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(most))
const path = v.pipe(text(500), v.startsWith('/'))
const body = v.record(text(100), v.union([v.string(), v.number(), v.boolean(), v.null()]))

const step = v.strictObject({
  method: v.optional(v.picklist(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']), 'POST'),
  path,
  body: v.optional(body),
  type: v.optional(v.picklist(['json', 'form']), 'json'),
})

const schema = v.strictObject({
  name: text(100),
  register: v.optional(step),
  accounts: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          email: v.optional(v.pipe(v.string(), v.maxLength(200)), ''),
          username: v.optional(v.pipe(v.string(), v.maxLength(200)), ''),
          password: text(200),
        }),
      ),
      v.minLength(1),
      v.maxLength(10),
    ),
  ),
  login: step,
  me: v.strictObject({ path, contains: v.optional(text(200)) }),
  logout: v.optional(step),
  refresh: v.optional(step),
  refreshGrace: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(60)), 0),
  changePassword: v.optional(step),
  change: v.optional(step),
  public: v.optional(v.strictObject({ path })),
  session: v.union([
    v.strictObject({ cookies: v.pipe(v.array(text(100)), v.minLength(1), v.maxLength(10)) }),
    v.strictObject({
      token: text(100),
      refresh: v.optional(text(100)),
      header: v.optional(text(100), 'authorization'),
      scheme: v.optional(text(100), 'Bearer'),
    }),
  ]),
  csrf: v.optional(
    v.strictObject({
      path: v.optional(path),
      field: v.optional(text(100)),
      cookie: v.optional(text(100)),
      header: text(100),
    }),
  ),
})

/** In words of the profile, not of the validator. */
function explain(issue: v.GenericIssue, where: string): string {
  if (issue.type === 'starts_with') return `should begin with ${issue.expected}`
  if (issue.kind === 'validation') return `is too long, too short, or out of range: ${issue.received}`
  if (issue.expected === 'never') {
    const known = where.includes('.') ? '' : `; there are ${Object.keys(schema.entries).join(', ')}`
    return `there is no such field${known}`
  }
  if (where === 'session') return 'should be { cookies } or { token, refresh, header, scheme }'
  return issue.received === 'undefined'
    ? 'is missing'
    : `should be ${issue.expected}, and is ${issue.received}`
}

/** @throws {TypeError} that names what is wrong, in one line. */
export function readProfile(value: unknown): KnownProfile {
  const { success, output, issues } = v.safeParse(schema, value)
  if (!success) {
    const [issue] = issues
    const where = v.getDotPath(issue) ?? ''
    throw new TypeError(`the profile${where === '' ? '' : `: ${where}`}: ${explain(issue, where)}`)
  }
  if (output.register === undefined && output.accounts === undefined)
    throw new TypeError('the profile: register or accounts: one of them is needed')
  return output as KnownProfile
}
