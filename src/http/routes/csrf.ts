// GET /auth/csrf: how does a page get its CSRF token?
import { PATHS } from '../../protocol.ts'
import { csrfBinding } from '../credentials.ts'
import { csrfTokenFor, maskToken } from '../csrf-token.ts'
import { csrfAnswer, emptyBody } from '../schemas.ts'
import { admitAll } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'

export const csrfRoute: Route = defineRoute({
  method: 'GET',
  path: PATHS.csrf,
  operationId: 'getCsrfToken',
  summary: 'A CSRF token for this session, and its cookie',
  body: emptyBody,
  success: { status: 200, description: 'The token', schema: csrfAnswer },
  refusals: [],
  admit: admitAll,
  async run({ runtime, policy, facts }) {
    const binding = await csrfBinding(facts, policy, runtime)
    const { token, held } = await csrfTokenFor(binding, facts, policy, runtime)
    const csrfToken = maskToken(token, runtime)
    return { status: 200, body: { csrfToken }, ...(!held && { setCookies: [policy.set('csrf', token)] }) }
  },
})
