// How does Jest know the type of `expect(response).toSetCookie(…)`?
import type { ExpectedCookie } from './cookie/expected.ts'

export { matchers } from './cookie/assert.ts'

declare global {
  namespace jest {
    // The names and defaults of the parameters are those of @types/jest: all declarations must agree in them.
    // biome-ignore lint/complexity/noBannedTypes: as above.
    interface Matchers<R, T = {}> {
      /** The response sets a cookie that is so, and that browsers keep. What is left out is not looked at. */
      toSetCookie(expected: ExpectedCookie): R
    }
  }
}
