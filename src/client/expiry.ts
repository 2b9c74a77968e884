// When does the access token end, as far as a page can tell that never sees it?
import type { Session } from '../protocol.ts'
import type { Platform } from './platform.ts'

export interface Expiry {
  /** The end of the newest token that this page knows of, by the server's clock: it grows with each refresh in any tab. */
  known(): number
  /** `soon`: it has not ended yet. `unknown`: the server will say. */
  state(): 'unknown' | 'fresh' | 'soon' | 'ended'
  /** `date`: the answer's `Date`, where the page may read it. */
  learn(session: Pick<Session, 'accessExpiresAt'> | null, date?: string | null): void
}

/** No access token lives longer, so a clock by which one does is wrong. */
const LONGEST = 3_600_000

/**
 * A page's clock may be hours off. The server's `Date` sets it right; where that cannot be read and the end of a new token makes no
 * sense, the clock is asked no more, and the server's `token_expired` decides alone.
 */
export function createExpiry({ now, random, cookies }: Platform, hint: string): Expiry {
  const pattern = new RegExp(`(?:^|; )(?:__Host-|__Secure-)?${hint}=[\\w-]+\\.(\\d+)`)
  /** By how much the page's clock is ahead of the server's. */
  let ahead: number | null = 0
  let end = 0
  let early = 0

  /** Tabs that share a session do not all think of it at the same moment. */
  const note = (at: number): void => {
    if (at <= end) return
    end = at
    early = (at + (ahead ?? 0) - now()) * (0.1 + random() / 10)
  }

  /** A refresh in another tab shows in the cookie. */
  const known = (): number => {
    const [, seconds] = pattern.exec(cookies()) ?? []
    note(Number(seconds ?? 0) * 1000)
    return end
  }

  return {
    known,
    state() {
      if (known() === 0 || ahead === null) return 'unknown'
      const left = end + ahead - now()
      if (left <= 0) return 'ended'
      return left < early ? 'soon' : 'fresh'
    },
    learn(session, date) {
      if (!session?.accessExpiresAt) {
        end = 0
        return
      }
      const at = Date.parse(session.accessExpiresAt)
      const server = Date.parse(date ?? '')
      const left = at - now()
      if (server) ahead = now() - server
      else if (left <= 0 || left > LONGEST) ahead = null
      note(at)
    },
  }
}
