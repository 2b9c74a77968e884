// POST /auth/password/forgot and /auth/password/reset: how does a user who has lost the password come to a new one?
import { forgotPassword } from '../../actions/forgot-password.ts'
import { resetPassword } from '../../actions/reset-password.ts'
import { PATHS } from '../../protocol.ts'
import { forgotBody, resetBody } from '../schemas.ts'
import { admitSignIn, requirePublicToken } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'
import { senderOf } from './signed-in.ts'

export const forgotPasswordRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.passwordForgot,
  operationId: 'forgotPassword',
  summary: 'Send the link to choose a new password, where the address has an account',
  body: forgotBody,
  success: { status: 202, description: 'Taken note of; the same for every address' },
  refusals: ['csrf_failed', 'rate_limited', 'unavailable'],
  admit: admitSignIn,
  async run(call) {
    await requirePublicToken(call)
    await forgotPassword(call.runtime, call.body.email, senderOf(call))
    return { status: 202 }
  },
})

export const resetPasswordRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.passwordReset,
  operationId: 'resetPassword',
  summary: 'Choose a new password with the token of its link; every session ends',
  body: resetBody,
  success: { status: 204, description: 'Changed, every session ended' },
  refusals: ['csrf_failed', 'link_ended', 'rate_limited', 'unavailable'],
  admit: admitSignIn,
  async run(call) {
    await requirePublicToken(call)
    await resetPassword(call.runtime, call.body, senderOf(call))
    return { status: 204 }
  },
})
