// How does somebody register where nobody may learn who has an account?

import type { Sender } from '../core/audit/event.ts'
import { encodeBase64url } from '../core/encoding/base64url.ts'
import { sha256 } from '../core/encoding/digest.ts'
import { toKey } from '../core/user/identifier.ts'
import { sourceOf } from './check-password.ts'
import { consume } from './consume.ts'
import { issueLink } from './links.ts'
import { refuseWeakPassword } from './new-password.ts'
import type { Registration } from './register.ts'
import { taken } from './register.ts'
import type { Runtime } from './runtime.ts'

const SECRET_BYTES = 16
const SECRET = /^[A-Za-z0-9_-]{22}$/

/**
 * Nothing is written among the users until the address is proved: what was registered with waits with the link, so that of several
 * who register one address each has their own, and none can shut the others out. The same steps are taken for an address that has an
 * owner, who is told; a user name that is taken is refused as anywhere. Answers the secret that the browser keeps, to be known by
 * when it opens the link; `held`: the one that it has already.
 *
 * @throws {AuthError} `validation_failed`, `conflict` for a user name, `unavailable`.
 */
export async function requestRegistration(
  runtime: Runtime,
  { email, password, username, name }: Registration,
  held: string | null,
  sender: Sender,
): Promise<string> {
  const { config, store, hasher, mail, random, record } = runtime
  mail.requireOpen()
  refuseWeakPassword(config, password, [email, username, name], 'password')
  await consume(runtime, 'register', { sender })
  await consume(runtime, 'mail', { account: email, sender })
  if (username !== null && (await store.users.findByUsername(toKey(username)))) throw taken('username')

  const passwordHash = await hasher.hash(password, sourceOf(sender))
  const emailKey = toKey(email)
  const owner = await store.users.findByEmail(emailKey)
  const isFree = owner === null || (owner.emailVerifiedAt === null && owner.disabledAt === null)
  const secret = held !== null && SECRET.test(held) ? held : encodeBase64url(random.bytes(SECRET_BYTES))
  const pending = {
    email,
    // Of as many characters: nobody's password is kept for longer than it is of use.
    passwordHash: isFree ? passwordHash : ' '.repeat(passwordHash.length),
    username,
    name,
    browserHash: await sha256(secret),
  }
  const link = await issueLink(
    runtime,
    isFree ? 'register' : 'decoy',
    { emailKey, pending },
    config.links.verify,
  )
  await mail.queue(
    isFree
      ? { kind: 'verify-email', to: email, user: null, name: null, sender, ...link }
      : { kind: 'already-registered', to: owner.email, user: owner.id, name: owner.name, sender },
  )
  void record('registration.requested', { sender })
  return secret
}
