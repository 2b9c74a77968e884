// What does a route ask of a user besides being signed in, and does this one have it?
import type { Runtime } from '../actions/runtime.ts'
import type { Duration } from '../core/duration/duration.ts'
import { AuthError } from '../errors.ts'
import type { Authentication } from './authenticate-request.ts'
import { createRequireRecentAuth, toMaxAge } from './recent-auth.ts'
import { requireRole, toRoles } from './role.ts'

/** What a route is for, as it is written where the route is defined. */
export interface Requirement {
  /** The user must have one of these. Refused with `forbidden`. Default: any user will do. */
  readonly roles?: readonly string[]
  /**
   * How long ago the user may have proved their password: `15m`. Longer ago is refused with `step_up_required`, and
   * `POST /auth/step-up` helps. Default: as long ago as the session began.
   */
  readonly recentAuth?: Duration
}

/** @throws {TypeError} where a route is written wrongly, when it is written. */
export function toRequirement(requirement: Requirement): Requirement {
  const { roles, recentAuth } = requirement
  if (roles !== undefined) toRoles(roles)
  if (recentAuth !== undefined) toMaxAge(recentAuth)
  return requirement
}

/** Why not, or `null`. */
export type JudgeRequirement = (who: Authentication, requirement: Requirement) => AuthError | null

export function createJudgeRequirement(runtime: Pick<Runtime, 'config' | 'clock'>): JudgeRequirement {
  const requireRecentAuth = createRequireRecentAuth(runtime)
  return (who, { roles, recentAuth }) => {
    if (who.status !== 'authenticated') return who.refusal
    try {
      if (roles !== undefined) requireRole(who, ...roles)
      if (recentAuth !== undefined) requireRecentAuth(who, recentAuth)
      return null
    } catch (error) {
      if (error instanceof AuthError) return error
      throw error
    }
  }
}
