// Must the user prove again who they are before this?
import type { Runtime } from '../actions/runtime.ts'
import type { Duration } from '../core/duration/duration.ts'
import { parseDuration } from '../core/duration/duration.ts'
import { isRecentAuth } from '../core/session/recent-auth.ts'
import { AuthError } from '../errors.ts'
import { PATHS } from '../protocol.ts'
import type { Authentication } from './authenticate-request.ts'

/** @throws {AuthError} `step_up_required`. @throws {TypeError} for what is no duration. */
export type RequireRecentAuth = (
  who: Authentication & { readonly status: 'authenticated' },
  maxAge: Duration,
) => void

export function createRequireRecentAuth(runtime: Pick<Runtime, 'config' | 'clock'>): RequireRecentAuth {
  return (who, maxAge) => {
    toMaxAge(maxAge)
    // The type says so already; a route in plain JavaScript must not be open for it.
    if (who.status !== 'authenticated') throw new AuthError('unauthenticated')
    refuseStale(runtime, who.session.authTime.getTime(), maxAge)
  }
}

/** `authTime` in milliseconds since 1970. @throws {AuthError} `step_up_required`. @throws {TypeError} for what is no duration. */
export function refuseStale(
  { config, clock }: Pick<Runtime, 'config' | 'clock'>,
  authTime: number,
  maxAge: Duration,
): void {
  const { leeway } = config.accessToken
  if (isRecentAuth({ authTime, now: clock.now(), maxAge: toMaxAge(maxAge), leeway })) return
  throw new AuthError('step_up_required', {
    detail: `This needs a password proved within the last ${maxAge}: POST ${config.basePath}${PATHS.stepUp} with it, then send this again.`,
  })
}

/** Milliseconds. @throws {TypeError} where a route is written wrongly, when it is written. */
export function toMaxAge(duration: Duration): number {
  const milliseconds = typeof duration === 'string' ? parseDuration(duration) : null
  if (milliseconds !== null) return milliseconds
  throw new TypeError(
    `lockjar: recentAuth: ${JSON.stringify(duration)} is not a duration: write a whole number and a unit, such as 15m`,
  )
}
