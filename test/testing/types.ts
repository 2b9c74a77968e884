// Are the matchers known to Vitest and to Jest, and is a wrong expectation found by the compiler?
import { assertSetCookie } from 'lockjar/testing'
import { matchers as forJest } from 'lockjar/testing/jest'
import { matchers } from 'lockjar/testing/vitest'
import { expect } from 'vitest'

export function vitest(response: Response): void {
  expect.extend(matchers)
  expect(response).toSetCookie({ name: 'a', sameSite: 'Lax' })
  expect(response).not.toSetCookie({ name: 'a' })
  // @ts-expect-error: there is no such value
  expect(response).toSetCookie({ name: 'a', sameSite: 'lax' })
  // @ts-expect-error: the name is missing
  assertSetCookie(response, { httpOnly: true })
}

/** As @types/jest declares it. */
export async function jest(response: jest.Matchers<void, Response>, later: jest.Matchers<Promise<void>>) {
  void forJest
  response.toSetCookie({ name: 'a', maxAge: null })
  await later.toSetCookie({ name: 'a' })
  // @ts-expect-error: no such option
  response.toSetCookie({ name: 'a', httponly: true })
}
