// How is a refusal answered, wherever it was met?
import type { Config } from '../config/config.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import type { AuthError } from '../errors.ts'
import { explainRefusal } from './explain.ts'
import type { Facts, RequestLike } from './facts.ts'
import { readFacts } from './facts.ts'
import { toProblemResponse } from './response.ts'

export function answerRefusal(
  error: AuthError,
  facts: Facts,
  config: Config,
  policy: CookiePolicy,
): Response {
  return toProblemResponse(
    error,
    config.authorizationScheme,
    explainRefusal(error, { facts, config, policy }),
  )
}

/** The same where the request was not read, or could not be. */
export function answerRefusalTo(
  { headers }: Pick<RequestLike, 'headers'>,
  error: AuthError,
  config: Config,
  policy: CookiePolicy,
): Response {
  return answerRefusal(error, readFacts({ method: 'GET', url: '', headers }, config), config, policy)
}
