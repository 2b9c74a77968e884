// POST /auth/login: how does a user come in?
import { login } from '../../actions/login.ts'
import type { Identifier } from '../../core/user/identifier.ts'
import { toIdentifier } from '../../core/user/identifier.ts'
import { PATHS } from '../../protocol.ts'
import { carriedSessions } from '../credentials.ts'
import type { LoginFields } from '../schemas.ts'
import { loginBody, signedInAnswer } from '../schemas.ts'
import { toUser } from '../views.ts'
import { admitSignIn, requireSignInToken } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'
import { answerSignedIn, signInContext } from './signed-in.ts'

export const loginRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.login,
  operationId: 'login',
  summary: 'Sign in with a password',
  body: loginBody,
  success: { status: 200, description: 'Signed in', schema: signedInAnswer },
  refusals: [
    'csrf_failed',
    'invalid_credentials',
    'account_disabled',
    'rate_limited',
    'cookie_too_large',
    'unavailable',
  ],
  admit: admitSignIn,
  async run(call) {
    const { runtime, policy, facts, body } = call
    const carried = await carriedSessions(facts, policy, runtime)
    await requireSignInToken(call, carried)
    const issued = await login(runtime, whoIsIt(body), body.password, signInContext(call, carried))
    return answerSignedIn(call, issued, {
      status: 200,
      body: { user: toUser(issued.user) },
      inBody: facts.wantsTokens,
    })
  },
})

/** The schema has seen to it that exactly one is there. */
function whoIsIt({ email, username, identifier = '' }: LoginFields): Identifier {
  if (email !== undefined) return { email }
  return username !== undefined ? { username } : toIdentifier(identifier)
}
