// Does the compiler refuse a token in what a page reads? Checked with all other types; nothing here runs.
import type { AccessCredentials, Issued } from '../../src/actions/issue-tokens.ts'
import { createRefreshToken } from '../../src/core/refresh-token/create.ts'
import type { ForPages } from '../../src/core/secret/token.ts'
import type { RequestContext } from '../../src/http/authenticate-request.ts'
import { answerIssued, answerSignedIn, forPage } from '../../src/http/routes/signed-in.ts'
import { toSession, toUser } from '../../src/http/views.ts'
import type { Session, User } from '../../src/protocol.ts'

export async function answers(
  context: RequestContext,
  issued: Issued,
  tokens: AccessCredentials,
): Promise<void> {
  const user = toUser(issued.user)
  const session = toSession(issued.session, true, null)
  forPage({ status: 200, body: { user, session } })
  await answerIssued(context, issued, { status: 200, body: { user }, inBody: false })

  // @ts-expect-error: a token
  forPage({ status: 200, body: { accessToken: tokens.accessToken } })
  // @ts-expect-error: a token, however deep
  forPage({ status: 200, body: { user, inner: [{ token: tokens.refreshToken }] } })
  // @ts-expect-error: a token that has just been made
  forPage({ status: 200, body: { made: await createRefreshToken({} as never, {} as never) } })
  // @ts-expect-error: all of them
  forPage({ status: 200, body: { ...issued } })
  // @ts-expect-error: beside the session, whoever is answered
  await answerIssued(context, issued, { status: 200, body: tokens, inBody: true })
  // @ts-expect-error: the same for a session that has just begun
  await answerSignedIn(context, issued, { status: 200, body: { user, tokens }, inBody: false })
}

/** What the wire promises holds no token. */
export const user: ForPages<User> = {} as User
export const session: ForPages<Session> = {} as Session
