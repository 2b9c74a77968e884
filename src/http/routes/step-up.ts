// POST /auth/step-up: how does a user prove again who they are?
import { stepUp } from '../../actions/step-up.ts'
import { AuthError } from '../../errors.ts'
import { PATHS } from '../../protocol.ts'
import { passwordBody, refreshedAnswer } from '../schemas.ts'
import { toSession } from '../views.ts'
import { admitCookies, requireUser, SIGNED_OUT } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'
import { answerIssued, senderOf } from './signed-in.ts'

export const stepUpRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.stepUp,
  operationId: 'stepUp',
  summary: 'Prove the password again; the session goes on as recently authenticated',
  body: passwordBody,
  success: { status: 200, description: 'Proved', schema: refreshedAnswer },
  refusals: [...SIGNED_OUT, 'csrf_failed', 'invalid_credentials', 'rate_limited', 'cookie_too_large'],
  admit: admitCookies,
  async run(call) {
    const { runtime, facts, body } = call
    const { claims, credential } = await requireUser(call)
    const token = 'token' in credential ? credential.token : null
    if (token === null) throw new AuthError('unauthenticated')
    const issued = await stepUp(runtime, token, claims, body.password, senderOf(call))
    if (credential.kind === 'cookie') return answerIssued(call, issued, { status: 200, inBody: false })
    // A server may forward a browser's access token as a header: what a cookie session is given never goes into a body.
    if (facts.wantsTokens && issued.session.carriage === 'header') {
      return answerIssued(call, issued, { status: 200, inBody: true })
    }
    // Whoever asked for no token has a renewed session all the same: its next refresh says so.
    return { status: 200, body: { session: toSession(issued.session, true, null) } }
  },
})
