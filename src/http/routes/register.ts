// POST /auth/register: how does a new user come in?
import { register } from '../../actions/register.ts'
import { PATHS } from '../../protocol.ts'
import { carriedSessions } from '../credentials.ts'
import { registerBody, signedInAnswer } from '../schemas.ts'
import { toUser } from '../views.ts'
import { admitSignIn, requireSignInToken } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'
import { answerSignedIn, signInContext } from './signed-in.ts'

export const registerRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.register,
  operationId: 'register',
  summary: 'Create a user and sign in',
  body: registerBody,
  success: { status: 201, description: 'Registered and signed in', schema: signedInAnswer },
  refusals: ['csrf_failed', 'conflict', 'forbidden', 'rate_limited', 'cookie_too_large', 'unavailable'],
  admit: admitSignIn,
  async run(call) {
    const { runtime, policy, facts, body } = call
    const carried = await carriedSessions(facts, policy, runtime)
    await requireSignInToken(call, carried)
    const { email, password, username = null, name = null } = body
    const registration = { email, password, username, name }
    const issued = await register(runtime, registration, signInContext(call, carried))
    return answerSignedIn(call, issued, {
      status: 201,
      body: { user: toUser(issued.user) },
      inBody: facts.wantsTokens,
    })
  },
})
