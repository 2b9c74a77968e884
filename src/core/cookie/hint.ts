// What does the hint cookie tell the page? That there is a session and when it must be refreshed; no secret.
import { isUuid } from '../encoding/uuid.ts'

/** Times in seconds since 1970. */
export interface Hint {
  readonly sessionId: string
  readonly accessExpiresAt: number
  readonly idleExpiresAt: number
}

export function formatHint({ sessionId, accessExpiresAt, idleExpiresAt }: Hint): string {
  return `${sessionId}.${accessExpiresAt}.${idleExpiresAt}`
}

export function parseHint(text: string): Hint | null {
  const [sessionId, access, idle, ...rest] = text.split('.')
  if (!sessionId || !access || !idle || rest.length > 0 || !isUuid(sessionId)) return null
  if (!/^\d{1,12}$/.test(access) || !/^\d{1,12}$/.test(idle)) return null
  return { sessionId, accessExpiresAt: Number(access), idleExpiresAt: Number(idle) }
}
