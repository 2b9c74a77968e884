// How does a test ask the real SimpleJWT, in Python?
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findSimpleJwt } from '../../scripts/find-simplejwt.mjs'

const SCRIPT = fileURLToPath(new URL('./simplejwt.py', import.meta.url))

export type Command =
  | {
      readonly act: 'make'
      readonly kind: 'access' | 'refresh' | 'sliding'
      readonly userId: number | string
      readonly lifetime?: number
    }
  /** `age`: seconds since the sign-in. */
  | { readonly act: 'renew'; readonly userId: number; readonly age: number; readonly ownIat: boolean }
  | { readonly act: 'verify'; readonly token: string }

export interface Reply {
  /** Of `make` and `renew`. */
  readonly token?: string
  /** Of `verify`. */
  readonly ok?: boolean
  readonly userId?: string
  readonly payload?: Readonly<Record<string, unknown>>
}

/** One process for all the commands. `settings`: `SIMPLE_JWT`. */
export function askSimpleJwt(
  secretKey: string,
  commands: readonly Command[],
  settings: Readonly<Record<string, unknown>> = {},
): readonly Reply[] {
  const python = findSimpleJwt()
  if (!python)
    throw new Error(
      'this test needs SimpleJWT: npm test installs it, or apt-get install python3-djangorestframework-simplejwt',
    )
  const { stdout, stderr, status } = spawnSync(python, [SCRIPT], {
    input: JSON.stringify({ secretKey, commands, settings }),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`SimpleJWT failed: ${stderr}`)
  return JSON.parse(stdout)
}
