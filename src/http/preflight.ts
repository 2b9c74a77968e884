// How is a preflight answered, and who hears that a page is not on the list?
import type { Runtime } from '../actions/runtime.ts'
import { preflightHeaders } from '../core/cors/cors.ts'
import { parseOrigin } from '../core/origin/origin.ts'
import type { RequestLike } from './facts.ts'
import { addHeaders, toResponse } from './response.ts'

/** Pages that are told of: whoever sends more is no developer. */
const MOST_TOLD = 20

export type AnswerPreflight = (request: RequestLike) => Response

export function isPreflight({ method, headers }: RequestLike): boolean {
  return method === 'OPTIONS' && headers.get('access-control-request-method') !== null
}

/** The browser tells the page nothing of why; a developer's own server does, once for each origin. */
export function createPreflight({ config, logger }: Pick<Runtime, 'config' | 'logger'>): AnswerPreflight {
  const told = new Set<string>()

  const tell = (text: string | null): void => {
    const origin = parseOrigin(text ?? '')
    if (config.secure || origin === null || told.has(origin) || told.size >= MOST_TOLD) return
    told.add(origin)
    logger.warn(
      { event: 'cors.not_trusted', origin },
      `a page on ${origin} may not read answers; if it is yours, add it to the option trustedOrigins`,
    )
  }

  return ({ headers }) => {
    const origin = headers.get('origin')
    const pairs = preflightHeaders(origin, config)
    if (pairs.length === 0) tell(origin)
    return addHeaders(toResponse({ status: 204 }), pairs)
  }
}
