// Whom does a command line mean: by id, address or user name?
import type { Auth } from '../auth.ts'
import { isUuid } from '../core/encoding/uuid.ts'
import { toIdentifier } from '../core/user/identifier.ts'
import type { ManagedUser } from '../protocol.ts'
import { Refusal } from './refusal.ts'

/** @throws {Refusal} where there is no such user. */
export async function findUser(auth: Auth, text: string): Promise<ManagedUser> {
  const user = isUuid(text) ? await auth.users.get(text) : await auth.users.find(toIdentifier(text))
  if (user) return user
  throw new Refusal('no', 'there is no such user; give an id, a whole e-mail address or a user name')
}
