// Which secrets left the server in this test? None may: every handler that test/support/auth.ts makes is guarded.
import type { SharedEgress } from 'lockjar/testing'
import { createEgress } from 'lockjar/testing'

/** Found by any guard, also where nobody saw the rejection; test/support/setup.ts looks after each test. */
export const leaks: string[] = []

/** Tests put tokens into addresses on purpose, as an attacker does; what is asserted is that no answer repeats them. */
export function createGuard(): SharedEgress {
  return createEgress({ addresses: false, onLeak: ({ message }) => leaks.push(message) })
}
