// How does a session begin, once someone has proved who they are?
import type { Sender } from '../core/audit/event.ts'
import { encodeBase64url } from '../core/encoding/base64url.ts'
import { sha256 } from '../core/encoding/digest.ts'
import { createUuid } from '../core/encoding/uuid.ts'
import type { Carriage } from '../core/session/session.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import type { Issued } from './issue-tokens.ts'
import { issueTokens } from './issue-tokens.ts'
import type { Runtime } from './runtime.ts'

/** What is known of the browser or client that signs in. */
export interface SignInContext {
  readonly remember: boolean
  readonly carriage: Carriage
  readonly sender: Sender
  /** The sessions that the request carried; they end (ASVS 7.2.4, session fixation). */
  readonly replaces: readonly string[]
}

const NONCE_BYTES = 16

export async function startSession(
  runtime: Runtime,
  user: UserRecord,
  { replaces, remember, carriage, sender }: SignInContext,
  amr: readonly string[],
): Promise<Issued> {
  const { config, store, clock, random, revocations, record } = runtime
  const nonce = encodeBase64url(random.bytes(NONCE_BYTES))
  const timeouts = remember ? config.timeouts.remembered : config.timeouts.plain
  const { session, floors } = await store.sessions.create(
    {
      id: createUuid(clock.now(), random.bytes(10)),
      nonceHash: await sha256(nonce),
      userId: user.id,
      ...timeouts,
      ip: sender.ip,
      userAgent: sender.userAgent,
      remember,
      carriage,
      amr,
    },
    replaces,
    config.sessionsPerUser,
  )
  revocations.apply(floors)

  // The account may have been deleted or changed since its password was checked; its sessions were ended before ours began.
  const present = await store.users.find(user.id)
  if (!present || present.revision !== user.revision || present.disabledAt !== null) {
    revocations.apply((await store.sessions.revoke(session.id, user.id, 'replaced')).floors)
    throw new AuthError('invalid_credentials')
  }
  await Promise.all([
    store.users.recordLogin(user.id),
    record('session.created', {
      user: user.id,
      session: session.id,
      sender,
      details: { remember, amr: amr.join(' ') },
    }),
  ])
  return issueTokens(runtime, present, session, nonce)
}
