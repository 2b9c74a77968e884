// What may a role be called, and which one is Lockjar's own?
import type { FieldError } from '../../errors.ts'

/** Who has it may administer users. */
export const SUPERUSER = 'superuser'

/** They travel in every access token, so they are few and short. */
const ROLE = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/
const MOST_ROLES = 32

export function judgeRoles(roles: readonly string[]): readonly FieldError[] {
  if (roles.length > MOST_ROLES) return [invalid(`A user may have ${MOST_ROLES} roles.`)]
  return roles
    .filter((role) => !ROLE.test(role))
    .map(() => invalid('A role is 1 to 64 letters, digits, dots, colons, hyphens or underscores.'))
}

function invalid(message: string): FieldError {
  return { field: 'roles', code: 'invalid', message }
}
