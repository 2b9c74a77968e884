// How do processes show each other, in Redis, which sessions they have read?
import type { SessionCache } from '../../ports/session-cache.ts'
import type { Link } from './link.ts'

/** Characters, several times what a session takes: of what strangers put there no more is read. */
const LONGEST = 16_384

/** `prefix` stands before every key. Each key for itself: a Cluster spreads them. */
export function createSessionCache(link: Pick<Link, 'call'>, prefix: string): SessionCache {
  return {
    async get(key) {
      try {
        const text = await link.call('GETRANGE', `${prefix}${key}`, '0', String(LONGEST - 1))
        return typeof text === 'string' && text !== '' ? text : null
      } catch {
        return null
      }
    },
    put(key, text, lifetime) {
      if (text.length > LONGEST) return
      link.call('SET', `${prefix}${key}`, text, 'PX', String(Math.ceil(lifetime))).catch(() => {})
    },
  }
}
