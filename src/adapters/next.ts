// How does Next.js get Lockjar: its routes, the user of a page, actions that only users may call, and a session renewed before a page?
import type { Auth } from '../auth.ts'
import type { AuthError } from '../errors.ts'
import type { Authentication } from '../http/authenticate-request.ts'
import type { SignedIn } from '../http/protect.ts'
import type { Requirement } from '../http/requirement.ts'
import { toRequirement } from '../http/requirement.ts'

/** As much of `headers` of `next/headers` as this needs. */
export type NextHeaders = () => Promise<{ get(name: string): string | null }>

/** As much of `NextResponse` as this needs. */
export interface NextResponses<Passed extends Response> {
  next(init: { readonly request: { readonly headers: Headers } }): Passed
}

type RouteHandler = (request: Request) => Promise<Response>

export interface RouteHandlers {
  readonly GET: RouteHandler
  readonly HEAD: RouteHandler
  readonly POST: RouteHandler
  readonly PUT: RouteHandler
  readonly PATCH: RouteHandler
  readonly DELETE: RouteHandler
  readonly OPTIONS: RouteHandler
}

/**
 * Lockjar's routes, for `app/auth/[...path]/route.ts`.
 *
 * @example
 * ```ts
 * import { createAuth } from 'lockjar'
 * import { toRouteHandlers } from 'lockjar/next'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * export const { GET, POST, PATCH, DELETE, OPTIONS } = toRouteHandlers(auth)
 * ```
 */
export function toRouteHandlers(auth: Pick<Auth, 'handler'>): RouteHandlers {
  const handle: RouteHandler = (request) => auth.handler(request)
  return {
    GET: handle,
    HEAD: handle,
    POST: handle,
    PUT: handle,
    PATCH: handle,
    DELETE: handle,
    OPTIONS: handle,
  }
}

/**
 * Who is looking at a page. It renews nothing and sets no cookie: a server component cannot.
 *
 * @example
 * ```ts
 * import { createAuth } from 'lockjar'
 * import { toGetAuth } from 'lockjar/next'
 *
 * declare const headers: () => Promise<Headers> // of next/headers
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * export const getAuth = toGetAuth(auth, headers)
 * ```
 */
export function toGetAuth(
  auth: Pick<Auth, 'authenticate'>,
  headers: NextHeaders,
): () => Promise<Authentication> {
  return async () => auth.authenticate({ method: 'GET', url: '/', headers: await headers() })
}

/** What an action answers, or throws, to somebody whom it is not for. */
export type Refuse = (refusal: AuthError) => never

export type ToAction = <Args extends readonly unknown[], Result>(
  action: (who: SignedIn, ...args: Args) => Result | Promise<Result>,
  requirement?: Requirement,
) => (...args: Args) => Promise<Result>

/**
 * Server actions that only signed-in users may call, from pages that are trusted: an action is a `POST` that any page may send, whatever
 * page it was written for. `refuse` redirects, as a rule; without it the refusal is thrown.
 *
 * @example
 * ```ts
 * import { createAuth } from 'lockjar'
 * import { toActions } from 'lockjar/next'
 *
 * declare const headers: () => Promise<Headers> // of next/headers
 * declare const redirect: (to: string) => never // of next/navigation
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * const action = toActions(auth, headers, () => redirect('/sign-in'))
 * export const rename = action(async ({ user }, form: FormData) => console.log(user.id, form.get('name')))
 * ```
 */
export function toActions(
  auth: Pick<Auth, 'authenticate' | 'requireUser' | 'requireRole' | 'requireRecentAuth'>,
  headers: NextHeaders,
  refuse: Refuse = (refusal) => {
    throw refusal
  },
): ToAction {
  const admit = async ({ roles, recentAuth }: Requirement): Promise<SignedIn> => {
    const sent = { method: 'POST', url: '/', headers: await headers() }
    try {
      const who = auth.requireUser(await auth.authenticate(sent))
      if (roles !== undefined) auth.requireRole(who, ...roles)
      if (recentAuth !== undefined) auth.requireRecentAuth(who, recentAuth)
      return who
    } catch (error) {
      refuse(error as AuthError)
      // The type says that it does not come back; an action in plain JavaScript must not be run for it.
      throw error
    }
  }
  return (action, requirement = {}) => {
    toRequirement(requirement)
    return async (...args) => action(await admit(requirement), ...args)
  }
}

/**
 * For `proxy.ts`: a session whose access token has ended is renewed once, before the page is rendered, and the page is rendered for the
 * new one. It needs `cookies: { refreshPath: '/' }`, or the browser does not send to pages what renews. It guards nothing; pages, actions and routes do.
 *
 * @example
 * ```ts
 * import { createAuth } from 'lockjar'
 * import { toProxy } from 'lockjar/next'
 *
 * declare const NextResponse: { next(init: { request: { headers: Headers } }): Response } // of next/server
 * const auth = await createAuth({ baseURL: 'http://localhost:3000', cookies: { refreshPath: '/' } })
 * export const proxy = toProxy(auth, NextResponse)
 * ```
 */
export function toProxy<Passed extends Response>(
  auth: Pick<Auth, 'owns' | 'renew'>,
  responses: NextResponses<Passed>,
): (request: Request) => Promise<Passed> {
  return async (request) => {
    const headers = new Headers(request.headers)
    const renewed = auth.owns(new URL(request.url).pathname) ? null : await auth.renew(request)
    if (renewed) headers.set('cookie', renewed.cookie)
    const response = responses.next({ request: { headers } })
    for (const line of renewed?.setCookies ?? []) response.headers.append('set-cookie', line)
    if (renewed) response.headers.set('cache-control', 'no-store')
    return response
  }
}
