// What does the log say of a request that failed here, and how often?
import type { Runtime } from '../actions/runtime.ts'
import type { AuthError } from '../errors.ts'

/** Milliseconds. An overload refuses hundreds of requests a second, and the log must not be what it brings down. */
const PAUSE = 1000

/** Every failure is told; a refusal by which the server keeps itself from being overloaded, once a second. */
export function createFailureLog(parts: Pick<Runtime, 'logger' | 'clock'>): (error: AuthError) => void {
  let quietUntil = Number.NEGATIVE_INFINITY
  return (error) => {
    if (error.status < 500) return
    const { code, cause, message } = error
    if (code !== 'unavailable' || cause !== undefined) {
      const reason = cause instanceof Error ? cause : error
      parts.logger.error({ event: 'request.failed', code, error: reason }, message)
      return
    }
    const now = parts.clock.monotonic()
    if (now < quietUntil) return
    quietUntil = now + PAUSE
    parts.logger.warn({ event: 'request.refused', code }, message)
  }
}
