// With which keys does this configuration sign access tokens, and verify them?
import type { Secrets } from '../core/keys/ring.ts'
import type { SigningKeys } from '../core/keys/signing.ts'
import { deriveSigningKeys, importSigningKeys, sharedSigningKeys } from '../core/keys/signing.ts'
import { fail } from './check.ts'
import type { SigningChoice } from './config.ts'

/**
 * The keys that are configured, and no others: after a change of algorithm the old tokens are refused, and every client
 * refreshes once.
 *
 * @throws {TypeError} naming the option and the key that is no good.
 */
export async function openSigningKeys(choice: SigningChoice, secrets: Secrets): Promise<SigningKeys> {
  if (choice.from === 'secret') return deriveSigningKeys(secrets, choice.algorithm)
  if (choice.from === 'shared') return sharedSigningKeys(choice.secret)
  const verdict = await importSigningKeys(choice.keys, choice.algorithm)
  if (verdict.ok) return verdict.keys
  return fail(`option accessToken.signing.keys: key ${verdict.index + 1} ${verdict.reason}`)
}
