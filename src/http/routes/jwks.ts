// GET /auth/jwks.json: with which keys may anybody verify our access tokens?
import { AuthError } from '../../errors.ts'
import { PATHS } from '../../protocol.ts'
import { emptyBody, jwksAnswer } from '../schemas.ts'
import { admitAll } from './admission.ts'
import type { Route } from './route.ts'
import { defineRoute } from './route.ts'

/** Seconds: a new key has to be published for so long before it signs. */
export const JWKS_MAX_AGE = 300

/** Public, so any origin's script may read it, without credentials, and any cache keep it. */
const PUBLIC: readonly (readonly [string, string])[] = [
  ['Cache-Control', `public, max-age=${JWKS_MAX_AGE}`],
  ['Access-Control-Allow-Origin', '*'],
  ['Cross-Origin-Resource-Policy', 'cross-origin'],
  ['Vary', 'Origin'],
]

export const jwksRoute: Route = defineRoute({
  method: 'GET',
  path: PATHS.jwks,
  operationId: 'getJwks',
  summary: 'The public keys of access tokens, RFC 7517; where they are signed with key pairs',
  body: emptyBody,
  success: { status: 200, description: 'The keys', schema: jwksAnswer },
  refusals: ['not_found'],
  admit: admitAll,
  async run({ runtime }) {
    const { published } = runtime.signing
    // Not an empty set: a verifier would keep it, and tell its owner that the token is bad rather than the set-up.
    if (published === null)
      throw new AuthError('not_found', {
        detail: 'Access tokens are signed with a secret here, so there are no public keys.',
      })
    return { status: 200, body: { keys: published }, headers: PUBLIC }
  },
})
