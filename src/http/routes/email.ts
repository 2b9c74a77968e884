// POST /auth/email/…: how is an address proved, and how does an account come to another one?
import { getAccount } from '../../actions/account.ts'
import { confirmEmailChange, requestEmailChange } from '../../actions/change-email.ts'
import { requestVerification, verifyEmail } from '../../actions/verify-email.ts'
import { PATHS } from '../../protocol.ts'
import { linkBrowser } from '../link-browser.ts'
import { emailChangeBody, emailConfirmationBody, emptyBody, verificationBody } from '../schemas.ts'
import { admitCookies, admitSignIn, requirePublicToken, requireUser, SIGNED_OUT } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'
import { senderOf } from './signed-in.ts'

export const requestVerificationRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.emailVerifyRequest,
  operationId: 'requestEmailVerification',
  summary: "Send the link that proves the user's address",
  body: emptyBody,
  success: { status: 202, description: 'Sent, or nothing to prove' },
  refusals: [...SIGNED_OUT, 'csrf_failed', 'rate_limited'],
  admit: admitCookies,
  async run(call) {
    const { claims } = await requireUser(call)
    const { user } = await getAccount(call.runtime, claims)
    await requestVerification(call.runtime, user, senderOf(call))
    return { status: 202 }
  },
})

export const verifyEmailRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.emailVerify,
  operationId: 'verifyEmail',
  summary: 'Prove an address with the token of its link',
  body: verificationBody,
  success: { status: 204, description: 'Proved' },
  refusals: ['csrf_failed', 'link_ended', 'new_password_needed', 'rate_limited', 'unavailable'],
  admit: admitSignIn,
  async run(call) {
    await requirePublicToken(call)
    const { token, newPassword = null } = call.body
    await verifyEmail(call.runtime, { token, newPassword }, await linkBrowser(call), senderOf(call))
    return { status: 204 }
  },
})

export const changeEmailRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.emailChange,
  operationId: 'changeEmail',
  summary: 'Send the link that changes the address to the new one',
  body: emailChangeBody,
  success: { status: 202, description: 'Sent' },
  refusals: [...SIGNED_OUT, 'csrf_failed', 'rate_limited', 'invalid_credentials'],
  admit: admitCookies,
  async run(call) {
    const { claims } = await requireUser(call)
    await requestEmailChange(call.runtime, claims, call.body, senderOf(call))
    return { status: 202 }
  },
})

export const confirmEmailChangeRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.emailChangeConfirm,
  operationId: 'confirmEmailChange',
  summary: 'Change the address with the token of its link',
  body: emailConfirmationBody,
  success: { status: 204, description: 'Changed, other sessions ended' },
  refusals: [
    'csrf_failed',
    'link_ended',
    'unauthenticated',
    'invalid_credentials',
    'conflict',
    'rate_limited',
    'unavailable',
  ],
  admit: admitSignIn,
  async run(call) {
    await requirePublicToken(call)
    const { token, password = null } = call.body
    await confirmEmailChange(call.runtime, { token, password }, await linkBrowser(call), senderOf(call))
    return { status: 204 }
  },
})
