// Which rows does a test of a driver write, where what they say does not matter?
import type { NewSession } from '../../src/core/session/session.ts'
import type { NewUser } from '../../src/ports/user-store.ts'

export const user = (n: number): NewUser => ({
  id: `user-${n}`,
  email: `ada${n}@example.com`,
  emailKey: `ada${n}@example.com`,
  username: null,
  usernameKey: null,
  name: null,
  passwordHash: null,
  roles: [],
})
export const session = (n: number): NewSession => ({
  id: `session-${n}`,
  nonceHash: 'nonce',
  userId: 'user-1',
  remember: false,
  carriage: 'cookie',
  amr: [],
  ip: null,
  userAgent: null,
  idleTimeout: 3_600_000,
  absoluteTimeout: 86_400_000,
})
