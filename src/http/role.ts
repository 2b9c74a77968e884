// Does the user have a role that this is for?
import { AuthError } from '../errors.ts'
import type { Authentication } from './authenticate-request.ts'

type SignedIn = Authentication & { readonly status: 'authenticated' }

/** @throws {AuthError} the refusal of anybody who is not signed in. @throws {TypeError} for a promise that nobody waited for. */
export type RequireUser = (who: Authentication) => SignedIn

/** `roles`: one of them will do. @throws {AuthError} `forbidden`. @throws {TypeError} where none is named. */
export type RequireRole = (who: SignedIn, ...roles: readonly string[]) => void

export function requireUser(who: Authentication): SignedIn {
  if (who.status === 'authenticated') return who
  // In plain JavaScript a promise gets here, and of it nothing would be thrown: for Express that is a handler that lets everybody on.
  throw who.refusal ?? new TypeError('lockjar: requireUser needs what authenticate answers; await it first')
}

export function requireRole(who: SignedIn, ...roles: readonly string[]): void {
  toRoles(roles)
  // The type says so already; a route in plain JavaScript must not be open for it.
  const { user } = requireUser(who)
  if (roles.some((role) => user.roles.includes(role))) return
  throw new AuthError('forbidden', { detail: `This is for the role ${roles.join(' or ')}.` })
}

/** @throws {TypeError} where a route is written wrongly: for nobody, it would be refused to everybody and nobody would say why. */
export function toRoles(roles: unknown): readonly string[] {
  const isList = Array.isArray(roles) && roles.length > 0
  if (isList && roles.every((role) => typeof role === 'string' && role !== '')) return roles
  throw new TypeError(
    `lockjar: roles: ${JSON.stringify(roles)} is no list of roles: name one or more, such as 'editor'`,
  )
}
