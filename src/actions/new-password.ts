// May a user take this password, and what is kept of it?
import type { Config } from '../config/config.ts'
import type { Sender } from '../core/audit/event.ts'
import type { PersonalValue } from '../core/password/policy.ts'
import { explainPassword, judgePassword } from '../core/password/policy.ts'
import { AuthError } from '../errors.ts'
import { sourceOf } from './check-password.ts'
import type { Runtime } from './runtime.ts'

/** @throws {AuthError} `validation_failed` with the reason. */
export function refuseWeakPassword(
  config: Config,
  password: string,
  personal: readonly PersonalValue[],
  field: string,
): void {
  const problem = judgePassword(password, config.password, [...personal, config.hostname])
  if (!problem) return
  throw new AuthError('validation_failed', {
    errors: [{ field, code: problem, message: explainPassword(problem, config.password) }],
  })
}

/** @throws {AuthError} `validation_failed` for a password that may not be used, before anything is hashed or used up. */
export async function hashNewPassword(
  { config, hasher }: Runtime,
  newPassword: string,
  personal: readonly PersonalValue[],
  sender: Sender,
): Promise<string> {
  refuseWeakPassword(config, newPassword, personal, 'newPassword')
  return hasher.hash(newPassword, sourceOf(sender))
}
