// POST /auth/register: how does a new user come in?
import type { Registration } from '../../actions/register.ts'
import { register } from '../../actions/register.ts'
import { requestRegistration } from '../../actions/request-registration.ts'
import { PATHS } from '../../protocol.ts'
import { carriedSessions } from '../credentials.ts'
import { heldRegistration } from '../link-browser.ts'
import type { Answer } from '../response.ts'
import type { RegisterFields } from '../schemas.ts'
import { registerBody, signedInAnswer } from '../schemas.ts'
import { toUser } from '../views.ts'
import { admitSignIn, requireSignInToken } from './admission.ts'
import type { Call, Route } from './route.ts'
import { defineRoute } from './route.ts'
import { answerSignedIn, senderOf, signInContext } from './signed-in.ts'

export const registerRoute: Route = defineRoute({
  method: 'POST',
  path: PATHS.register,
  operationId: 'register',
  summary: 'Create a user and sign in',
  body: registerBody,
  success: { status: 201, description: 'Registered and signed in', schema: signedInAnswer },
  accepted: 'With registration `verified`, for every address alike: a link was sent to it',
  refusals: ['csrf_failed', 'conflict', 'forbidden', 'rate_limited', 'cookie_too_large', 'unavailable'],
  admit: admitSignIn,
  async run(call) {
    const { runtime, policy, facts, body } = call
    const carried = await carriedSessions(facts, policy, runtime)
    await requireSignInToken(call, carried)
    const { email, password, username = null, name = null } = body
    const registration = { email, password, username, name }
    if (runtime.config.registration === 'verified') return answerPending(call, registration)
    const issued = await register(runtime, registration, signInContext(call, carried))
    return answerSignedIn(call, issued, {
      status: 201,
      body: { user: toUser(issued.user) },
      inBody: facts.wantsTokens,
    })
  },
})

/** The same for every address, cookie and all. A client that takes no cookies is asked for its password again by the link. */
async function answerPending(call: Call<RegisterFields>, registration: Registration): Promise<Answer> {
  const { runtime, policy, facts } = call
  const secret = await requestRegistration(runtime, registration, heldRegistration(call), senderOf(call))
  if (facts.wantsTokens) return { status: 202 }
  const maxAge = Math.ceil(runtime.config.links.verify.lifetime / 1000)
  return { status: 202, setCookies: [policy.set('registration', secret, maxAge)] }
}
