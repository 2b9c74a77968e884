// How does a web-standard request to one of Lockjar's routes become its response?

import type { Context } from 'hono'
import { Hono } from 'hono'
import type { Runtime } from '../actions/runtime.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import { clientAddress } from '../core/network/client-address.ts'
import type { Quota } from '../core/rate-limit/budget.ts'
import { AuthError } from '../errors.ts'
import { PATHS } from '../protocol.ts'
import { readBody, readQuery } from './body.ts'
import type { Facts } from './facts.ts'
import { readFacts } from './facts.ts'
import { createFailureLog } from './failure-log.ts'
import { requireHost } from './guard.ts'
import { createOpenApi } from './openapi.ts'
import { createPreflight, isPreflight } from './preflight.ts'
import { rateLimitHeaders } from './rate-limit-headers.ts'
import { answerRefusalTo } from './refusal.ts'
import type { Answer } from './response.ts'
import { addHeaders, toAuthError, toResponse, withCors } from './response.ts'
import { ROUTES } from './routes/index.ts'
import { LINK_PAGE_ROUTES } from './routes/link-pages.ts'
import type { Route } from './routes/route.ts'
import { takeFormToken, validate } from './validate.ts'

/** What the platform knows of a request besides the request. */
export interface RequestInfo {
  /** Network address at the other end of the connection; `trustedProxies` says whether it is the sender's. */
  readonly ip?: string | undefined
}

export type Handler = (request: Request, info?: RequestInfo) => Promise<Response>

/** Pages are for people: no document for machines names them. */
const ALL_ROUTES: readonly Route[] = [...ROUTES, ...LINK_PAGE_ROUTES]

interface Bindings {
  readonly facts: Facts
  readonly ip: string | null
  /** Filled as the request is counted. */
  readonly quotas: Quota[]
}

type Env = { Bindings: Bindings }

export function createHandler(runtime: Runtime, policy: CookiePolicy): Handler {
  const { config, logger } = runtime
  const logFailure = createFailureLog(runtime)
  const answerPreflight = createPreflight(runtime)
  let openApi: unknown
  const app = new Hono<Env>().basePath(config.basePath)

  for (const route of ALL_ROUTES)
    app.on(route.method, route.path, async (context) => toResponse(await run(route, context)))
  app.get(PATHS.openapi, () => {
    // Made for the first who asks: no process waits for it at its start.
    openApi ??= createOpenApi(ROUTES, config, policy)
    return toResponse({ status: 200, body: openApi })
  })
  const paths = new Set([...ALL_ROUTES.map(({ path }) => path), PATHS.openapi])
  for (const path of paths) app.all(path, ({ req }) => otherMethod(allowedMethods(path), req.method))
  app.notFound(() => {
    throw new AuthError('not_found')
  })
  app.onError((error, { req }) => refuse(error, req.raw))

  async function run(route: Route, { req, env }: Context<Env>): Promise<Answer> {
    const { facts, ip, quotas } = env
    const context = { runtime, policy, facts, path: () => req.path, formToken: async () => null }
    route.admit(context)
    const sent = route.method === 'GET' ? readQuery(req.url, route) : await readBody(req.raw)
    const { token: formToken, body } = takeFormToken(sent)
    return route.run({
      ...context,
      formToken: async () => formToken,
      body: validate(route.body, body),
      params: req.param(),
      ip,
      signal: req.raw.signal,
      onQuotas: (told) => quotas.push(...told),
    })
  }

  /** The last resort: nothing that was thrown reaches the sender but its code. */
  function refuse(thrown: unknown, request: Request): Response {
    const error = toAuthError(thrown)
    logFailure(error)
    return answerRefusalTo(request, error, config, policy)
  }

  let warned = false
  let missed = false
  function addressOf({ headers }: Request, { ip = '' }: RequestInfo): string | null {
    const forwarded = headers.get('x-forwarded-for')
    if (forwarded !== null && config.trustedProxies === 0 && config.secure && !warned) {
      warned = true
      logger.warn(
        { event: 'proxy.not_trusted' },
        'a request came through a proxy, but option trustedProxies trusts none: all users seem to come from the proxy, and share its rate limits',
      )
    }
    const address = clientAddress(ip === '' ? null : ip, forwarded, config.trustedProxies)
    if (address === null && config.budgets && config.secure && !missed) {
      missed = true
      logger.warn(
        { event: 'address.unknown' },
        'a request came without its sender’s address: limits by network do not hold, those of one account and of all do; hand the address in as { ip }',
      )
    }
    return address
  }

  return async (request, info = {}) => {
    const facts = readFacts(request, config)
    try {
      requireHost(facts, config)
      if (isPreflight(request)) return answerPreflight(request)
      const env: Bindings = { facts, ip: addressOf(request, info), quotas: [] }
      const response = await app.fetch(request, env)
      return withCors(addHeaders(response, rateLimitHeaders(env.quotas)), facts.origin, config)
    } catch (error) {
      return withCors(refuse(error, request), facts.origin, config)
    }
  }
}

function allowedMethods(path: string): readonly string[] {
  const methods: string[] = ALL_ROUTES.filter((route) => route.path === path).map(({ method }) => method)
  if (path === PATHS.openapi) methods.push('GET')
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS']
}

function otherMethod(allow: readonly string[], method: string): Response {
  if (method !== 'OPTIONS') throw new AuthError('method_not_allowed', { allow })
  return addHeaders(toResponse({ status: 204 }), [['Allow', allow.join(', ')]])
}
