// How are the networks that a user has come from kept in memory?
import { KNOWN_FOR, MOST_KNOWN } from '../../core/rate-limit/known-network.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KnownNetworks } from '../../ports/known-networks.ts'

export function createKnownNetworks(clock: Pick<Clock, 'now'>): KnownNetworks {
  /** Of each user, when each network was seen last, the newest at the end. */
  const byUser = new Map<string, Map<string, number>>()
  const isOld = (seenAt: number): boolean => seenAt <= clock.now() - KNOWN_FOR

  return {
    async knows(userId, networkHash) {
      const seenAt = byUser.get(userId)?.get(networkHash)
      return seenAt !== undefined && !isOld(seenAt)
    },
    async remember(userId, networkHash) {
      const own = byUser.get(userId) ?? new Map<string, number>()
      byUser.set(userId, own)
      own.delete(networkHash)
      own.set(networkHash, clock.now())
      const [oldest] = own.keys()
      if (own.size > MOST_KNOWN && oldest !== undefined) own.delete(oldest)
    },
    async forget(userId) {
      byUser.delete(userId)
    },
    async prune(limit) {
      let left = limit
      for (const [userId, own] of byUser) {
        for (const [networkHash, seenAt] of own) {
          if (left > 0 && isOld(seenAt) && own.delete(networkHash)) left--
        }
        if (own.size === 0) byUser.delete(userId)
      }
      return limit - left
    },
  }
}
