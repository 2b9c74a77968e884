// Who may administer users, and how surely must they have shown who they are?
import { getAccount } from '../../actions/account.ts'
import type { Doer } from '../../actions/users.ts'
import type { Duration } from '../../core/duration/duration.ts'
import { SUPERUSER } from '../../core/user/role.ts'
import type { ErrorCode } from '../../errors.ts'
import { AuthError } from '../../errors.ts'
import { refuseStale } from '../recent-auth.ts'
import type { SignedInVerdict } from './admission.ts'
import { requireUser, SIGNED_OUT } from './admission.ts'
import type { Call } from './route.ts'
import { senderOf } from './signed-in.ts'

/** How long ago the password may have been proved. */
const RECENT: Duration = '15m'

/** What those hear who may not. */
export const NO_SUPERUSER: readonly ErrorCode[] = [...SIGNED_OUT, 'forbidden', 'step_up_required']

export interface Administrator {
  readonly verdict: SignedInVerdict
  /** As events name them. */
  readonly by: Doer
}

/**
 * By the user's row and not by the token, so that whoever has lost the role is refused at once; and the same for reading as for
 * changing: addresses of everybody are worth a password.
 *
 * @throws {AuthError} the refusal of anybody else.
 */
export async function requireSuperuser(call: Call<unknown>): Promise<Administrator> {
  const { runtime } = call
  const verdict = await requireUser(call)
  const { claims } = verdict
  const { user } = await getAccount(runtime, claims)
  const sender = senderOf(call)
  if (!user.roles.includes(SUPERUSER)) {
    void runtime.record('admin.refused', { user: user.id, session: claims.sid, sender })
    throw new AuthError('forbidden', { detail: `This needs the role ${SUPERUSER}.` })
  }
  refuseStale(runtime, claims.auth_time * 1000, RECENT)
  return { verdict, by: { actor: user.id, sender } }
}
