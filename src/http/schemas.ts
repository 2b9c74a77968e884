// What may a body hold? These schemas validate and, as JSON Schema, document.
import * as v from 'valibot'
import { EXPLAINED, isPrintable, LONGEST_NAME } from '../core/user/fields.ts'
import { isEmail, isUsername, LONGEST_EMAIL } from '../core/user/identifier.ts'

const LONGEST_TOKEN = 128
/** UTF-16 units; beyond any policy, so that the policy's own message is the one seen. */
const LONGEST_PASSWORD = 8192

export const email: v.GenericSchema<string> = v.pipe(
  v.string(),
  v.maxLength(LONGEST_EMAIL, `Use at most ${LONGEST_EMAIL} characters.`),
  v.check(isEmail, EXPLAINED.email),
  v.metadata({ format: 'email' }),
)
export const username: v.GenericSchema<string> = v.pipe(v.string(), v.check(isUsername, EXPLAINED.username))
export const name: v.GenericSchema<string> = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, EXPLAINED.nameEmpty),
  v.maxLength(LONGEST_NAME, EXPLAINED.nameLength),
  v.check(isPrintable, EXPLAINED.name),
)
/** Any text at all: whether it may be used is the policy's matter, and it is verified exactly as received. */
const password = v.pipe(
  v.string(),
  v.minLength(1, 'Write a password.'),
  v.maxLength(LONGEST_PASSWORD, `Use at most ${LONGEST_PASSWORD} characters.`),
)
/** What was typed into a sign-in form need not be well formed to be wrong. */
const typed = v.pipe(
  v.string(),
  v.minLength(1, 'Write your e-mail address or user name.'),
  v.maxLength(LONGEST_EMAIL, `Use at most ${LONGEST_EMAIL} characters.`),
)

/** A body as it comes in, of which nothing is known, and as it is known to be behind the door. */
export type BodyOf<T> = v.GenericSchema<unknown, T>

/** Accepts `unknown` by name: whatever came is checked. */
export function bodyOf<I, T>(schema: v.GenericSchema<I, T>): BodyOf<T> {
  return schema as unknown as BodyOf<T>
}

export const emptyBody: BodyOf<object> = bodyOf(v.strictObject({}))

export interface RegisterFields {
  readonly email: string
  readonly password: string
  readonly username?: string | undefined
  readonly name?: string | undefined
  readonly remember?: boolean | undefined
}

export const registerBody: BodyOf<RegisterFields> = bodyOf(
  v.strictObject({
    email,
    password,
    username: v.optional(username),
    name: v.optional(name),
    remember: v.optional(v.boolean()),
  }),
)

export interface LoginFields {
  readonly email?: string | undefined
  readonly username?: string | undefined
  readonly identifier?: string | undefined
  readonly password: string
  readonly remember?: boolean | undefined
}

export const loginBody: BodyOf<LoginFields> = bodyOf(
  v.pipe(
    v.strictObject({
      email: v.optional(typed),
      username: v.optional(typed),
      identifier: v.optional(typed),
      password,
      remember: v.optional(v.boolean()),
    }),
    v.check(
      (body) =>
        [body.email, body.username, body.identifier].filter((value) => value !== undefined).length === 1,
      'Send exactly one of email, username and identifier.',
    ),
  ),
)

export interface ProfileFields {
  readonly name?: string | null | undefined
  readonly username?: string | null | undefined
}

export const profileBody: BodyOf<ProfileFields> = bodyOf(
  v.strictObject({ name: v.optional(v.nullable(name)), username: v.optional(v.nullable(username)) }),
)

export const passwordBody: BodyOf<{ readonly password: string }> = bodyOf(v.strictObject({ password }))

export interface PasswordChangeFields {
  readonly currentPassword: string
  readonly newPassword: string
}

export const passwordChangeBody: BodyOf<PasswordChangeFields> = bodyOf(
  v.strictObject({ currentPassword: password, newPassword: password }),
)

/** A token of a wrong shape has ended like any other. */
const token = v.pipe(
  v.string(),
  v.minLength(1, 'Send the token of the link.'),
  v.maxLength(LONGEST_TOKEN, 'This is no token.'),
)

export const forgotBody: BodyOf<{ readonly email: string }> = bodyOf(v.strictObject({ email }))

export interface ResetFields {
  readonly token: string
  readonly newPassword: string
}

export const resetBody: BodyOf<ResetFields> = bodyOf(v.strictObject({ token, newPassword: password }))

export interface VerificationFields {
  readonly token: string
  readonly newPassword?: string | undefined
}

export const verificationBody: BodyOf<VerificationFields> = bodyOf(
  v.strictObject({ token, newPassword: v.optional(password) }),
)

export interface EmailChangeFields {
  readonly email: string
  readonly password: string
}

export const emailChangeBody: BodyOf<EmailChangeFields> = bodyOf(v.strictObject({ email, password }))

export interface EmailConfirmationFields {
  readonly token: string
  readonly password?: string | undefined
}

export const emailConfirmationBody: BodyOf<EmailConfirmationFields> = bodyOf(
  v.strictObject({ token, password: v.optional(password) }),
)

export const instant: v.GenericSchema<string> = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.description('ISO 8601, UTC'),
)
const id = v.pipe(v.string(), v.uuid())

export const user: v.GenericSchema = v.object({
  id,
  email: v.string(),
  username: v.nullable(v.string()),
  name: v.nullable(v.string()),
  roles: v.array(v.string()),
  emailVerified: v.boolean(),
  createdAt: instant,
})

const session = v.object({
  id,
  createdAt: instant,
  expiresAt: instant,
  idleExpiresAt: instant,
  accessExpiresAt: v.nullable(instant),
  remember: v.boolean(),
  current: v.boolean(),
})

const listedSession = v.object({
  ...session.entries,
  lastSeenAt: instant,
  ip: v.nullable(v.string()),
  userAgent: v.nullable(v.string()),
})

const inBody = v.optional(
  v.pipe(v.string(), v.description('Only with Lockjar-Tokens: body, to clients that are no browsers')),
)
const tokens = { accessToken: inBody, refreshToken: inBody }

/** Of answers, for the document only: what we send needs no validation at run time. A test holds them to it. */
export const signedInAnswer: v.GenericSchema = v.object({ user, session, ...tokens })
export const refreshedAnswer: v.GenericSchema = v.object({ session, ...tokens })
export const accountAnswer: v.GenericSchema = v.object({ user, session })
export const csrfAnswer: v.GenericSchema = v.object({ csrfToken: v.string() })
export const jwksAnswer: v.GenericSchema = v.object({
  keys: v.array(
    v.strictObject({
      kty: v.picklist(['RSA', 'EC', 'OKP']),
      use: v.literal('sig'),
      alg: v.string(),
      kid: v.string(),
      n: v.optional(v.string()),
      e: v.optional(v.string()),
      crv: v.optional(v.string()),
      x: v.optional(v.string()),
      y: v.optional(v.string()),
    }),
  ),
})
export const sessionsAnswer: v.GenericSchema = v.object({ sessions: v.array(listedSession) })
export const problemAnswer: v.GenericSchema = v.object({
  type: v.string(),
  title: v.string(),
  status: v.number(),
  code: v.string(),
  detail: v.optional(v.string()),
  hint: v.optional(v.string()),
  errors: v.optional(v.array(v.object({ field: v.string(), code: v.string(), message: v.string() }))),
})
