// What may be asked and sent by those who administer users?
import * as v from 'valibot'
import { LONGEST_EMAIL } from '../core/user/identifier.ts'
import type { BodyOf } from './schemas.ts'
import { bodyOf, email, instant, name, user, username } from './schemas.ts'

const MOST_ROLES_SENT = 64
const LONGEST_ROLE = 64
const LONGEST_AFTER = 400
const LARGEST_PAGE = 100

/** What they may be called is the rule of the action. */
const roles = v.pipe(
  v.array(v.pipe(v.string(), v.maxLength(LONGEST_ROLE, `A role has at most ${LONGEST_ROLE} characters.`))),
  v.maxLength(MOST_ROLES_SENT, `Send at most ${MOST_ROLES_SENT} roles.`),
)

export interface NewUserFields {
  readonly email: string
  readonly username?: string | undefined
  readonly name?: string | undefined
  readonly roles?: readonly string[] | undefined
}

export const newUserBody: BodyOf<NewUserFields> = bodyOf(
  v.strictObject({ email, username: v.optional(username), name: v.optional(name), roles: v.optional(roles) }),
)

export const rolesBody: BodyOf<{ readonly roles: readonly string[] }> = bodyOf(v.strictObject({ roles }))

const filters = {
  role: v.optional(v.pipe(v.string(), v.maxLength(LONGEST_ROLE, 'There is no such role.'))),
  disabled: v.optional(v.boolean()),
  emailVerified: v.optional(v.boolean()),
  order: v.optional(v.picklist(['newest', 'oldest'], 'Write newest or oldest.')),
  after: v.optional(v.pipe(v.string(), v.maxLength(LONGEST_AFTER, 'Send `next` of the page before.'))),
  limit: v.optional(
    v.pipe(
      v.number(),
      v.integer('Write a whole number.'),
      v.minValue(1, 'A page has at least one user.'),
      v.maxValue(LARGEST_PAGE, `A page has at most ${LARGEST_PAGE} users.`),
    ),
  ),
}

export interface UserFilters {
  readonly role?: string | undefined
  readonly disabled?: boolean | undefined
  readonly emailVerified?: boolean | undefined
  readonly order?: 'newest' | 'oldest' | undefined
  readonly after?: string | undefined
  readonly limit?: number | undefined
}

export const usersQuery: BodyOf<UserFilters> = bodyOf(v.strictObject(filters))

export const userSearchBody: BodyOf<UserFilters & { readonly search: string }> = bodyOf(
  v.strictObject({
    ...filters,
    search: v.pipe(
      v.string(),
      v.minLength(1, 'Write the beginning of an e-mail address or user name, or an id.'),
      v.maxLength(LONGEST_EMAIL, `Use at most ${LONGEST_EMAIL} characters.`),
    ),
  }),
)

const managedUser = v.intersect([
  user,
  v.object({
    disabledAt: v.nullable(instant),
    lastLoginAt: v.nullable(instant),
    hasPassword: v.boolean(),
  }),
])

/** Of answers, as in `schemas.ts`. */
export const managedUserAnswer: v.GenericSchema = v.object({ user: managedUser })
export const userPageAnswer: v.GenericSchema = v.object({
  users: v.array(managedUser),
  next: v.nullable(v.string()),
})
