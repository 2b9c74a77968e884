// How does Vitest know the type of `expect(response).toSetCookie(…)`?
import type {} from 'vitest'
import type { ExpectedCookie } from './cookie/expected.ts'

export { matchers } from './cookie/assert.ts'

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** The response sets a cookie that is so, and that browsers keep. What is left out is not looked at. */
    toSetCookie(expected: ExpectedCookie): R
  }
}
