// How does a link for a mail come to be, and is one that comes back still good?
import type { LinkConfig } from '../config/config.ts'
import type { Sender } from '../core/audit/event.ts'
import { encodeBase64url } from '../core/encoding/base64url.ts'
import { sha256 } from '../core/encoding/digest.ts'
import type { LinkPurpose, PendingRegistration } from '../core/one-time-token/token.ts'
import { looksLikeOneTimeToken, ONE_TIME_TOKEN_BYTES } from '../core/one-time-token/token.ts'
import { toKey } from '../core/user/identifier.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import type { OneTimeTokenRead } from '../ports/one-time-token-store.ts'
import { consume } from './consume.ts'
import type { Runtime } from './runtime.ts'

/** As a mail holds it. */
export interface Link {
  readonly link: string
  /** Milliseconds since 1970. */
  readonly endsAt: number
}

/** What a token is tied to. */
interface Tie {
  readonly user?: UserRecord
  /** Of the address that it is about. */
  readonly emailKey: string
  readonly newEmail?: string
  readonly pending?: PendingRegistration
}

/** Registrations of one address that may wait: any link among them lets its owner in, so nobody is shut out by the others. */
const MOST_PENDING = 16

/**
 * Writes a token and answers its link, on `baseURL` whatever the request said. The token stands behind `#`, which no browser sends:
 * it is in no server's log and in no `Referer`.
 */
export async function issueLink(
  runtime: Runtime,
  purpose: LinkPurpose | 'decoy',
  { user, emailKey, newEmail, pending }: Tie,
  { path, lifetime }: LinkConfig,
): Promise<Link> {
  const { store, config, clock, random } = runtime
  const token = encodeBase64url(random.bytes(ONE_TIME_TOKEN_BYTES))
  await store.oneTimeTokens.issue({
    tokenHash: await sha256(token),
    purpose,
    userId: user?.id ?? null,
    emailKey,
    newEmail: newEmail ?? null,
    pending: pending ?? null,
    lifetime,
    most: pending ? MOST_PENDING : 1,
  })
  return { link: `${config.origin}${path}#token=${token}`, endsAt: clock.now() + lifetime }
}

/** A link about the present address of a user. */
export function issueUserLink(
  runtime: Runtime,
  purpose: LinkPurpose,
  user: UserRecord,
  config: LinkConfig,
): Promise<Link> {
  return issueLink(runtime, purpose, { user, emailKey: toKey(user.email) }, config)
}

/** The same for one that ended, was used, was replaced or never was. */
export const linkEnded = (): AuthError => new AuthError('link_ended')

/**
 * What the token is for, using nothing up.
 *
 * @throws {AuthError} `link_ended`, `rate_limited`.
 */
export async function findLink(
  runtime: Runtime,
  token: string,
  purposes: readonly LinkPurpose[],
  sender: Sender,
): Promise<OneTimeTokenRead> {
  const { store } = runtime
  await consume(runtime, 'token', { sender })
  const found = looksLikeOneTimeToken(token) ? await store.oneTimeTokens.find(await sha256(token)) : null
  if (!found || !purposes.some((purpose) => purpose === found.token.purpose)) throw linkEnded()
  return found
}

/** Which browser has opened a link, as far as its cookies tell. */
export interface LinkBrowser {
  /** The user whose live session it holds. */
  readonly userId: string | null
  readonly sessionId: string | null
  /** The secret of its registration cookie. */
  readonly registration: string | null
}
