// POST /auth/password/change: how does a user take a new password?
import { changePassword } from '../../actions/password-change.ts'
import { AuthError } from '../../errors.ts'
import { PATHS } from '../../protocol.ts'
import { passwordChangeBody, refreshedAnswer } from '../schemas.ts'
import { admitCookies, requireUser, SIGNED_OUT } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'
import { answerSignedIn, senderOf } from './signed-in.ts'

export const passwordChangeRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.passwordChange,
  operationId: 'changePassword',
  summary: 'Take a new password; every other session ends, this one is renewed',
  body: passwordChangeBody,
  success: { status: 200, description: 'Changed; the session is a new one', schema: refreshedAnswer },
  refusals: [
    ...SIGNED_OUT,
    'csrf_failed',
    'forbidden',
    'invalid_credentials',
    'rate_limited',
    'conflict',
    'cookie_too_large',
  ],
  admit: admitCookies,
  async run(call) {
    const { runtime, facts, body } = call
    const { claims, credential } = await requireUser(call)
    const inBody = credential.kind === 'header'
    // Its session would end and the new one's tokens would reach nobody.
    if (inBody && !facts.wantsTokens) {
      throw new AuthError('forbidden', {
        detail: 'A client that signs in by header asks for its new tokens with Lockjar-Tokens: body.',
      })
    }
    const carriage = inBody ? 'header' : 'cookie'
    const context = { carriage, sender: senderOf(call) } as const
    return answerSignedIn(call, await changePassword(runtime, claims, body, context), {
      status: 200,
      inBody,
    })
  },
})
