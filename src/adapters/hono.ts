// How does Hono get Lockjar's routes, its users and its guards?
import type { Context, MiddlewareHandler } from 'hono'
import type { Auth } from '../auth.ts'
import type { Admitted, Visitor } from '../http/admit.ts'
import type { SignedIn } from '../http/protect.ts'
import type { Requirement } from '../http/requirement.ts'
import { toRequirement } from '../http/requirement.ts'
import type { Visit } from '../http/visit.ts'

/** As much of `Auth` as this needs. */
export type HonoAuth = Pick<Auth, 'admit' | 'handler' | 'owns'>

/** What a handler finds behind `toMiddleware`: `new Hono<LockjarEnv>()`. */
export interface LockjarEnv {
  Variables: {
    /** Who sent the request: `c.var.auth.user`, `c.var.auth.session`. */
    auth: Visitor
  }
}

/** Somebody for sure. */
export interface GuardedEnv {
  Variables: { auth: SignedIn }
}

export interface MiddlewareOptions {
  /** Network address of the sender: `(c) => getConnInfo(c).remote.address`, of Hono's helper for the platform. */
  readonly ip?: (c: Context) => string | undefined
}

/** Among the context's variables. */
const ADMITTED = 'lockjar.admitted'

/**
 * Lockjar's routes, and for every other route `c.var.auth`, CSRF and CORS. What others are meant to reach, such as webhooks and probes
 * of health, goes before it.
 *
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { createAuth } from 'lockjar'
 * import { requireUser, toMiddleware } from 'lockjar/hono'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * export const app = new Hono()
 *   .use(toMiddleware(auth))
 *   .get('/hello', requireUser, (c) => c.json({ hello: c.var.auth.user.id }))
 * ```
 */
export function toMiddleware(
  auth: HonoAuth,
  { ip = () => undefined }: MiddlewareOptions = {},
): MiddlewareHandler<LockjarEnv> {
  return async (c, next) => {
    if (auth.owns(c.req.raw.url)) return auth.handler(await unread(c), { ip: ip(c) })
    const pending = auth.admit(c.req.raw)
    const admission = pending instanceof Promise ? await pending : pending
    if (admission.answer) return admission.answer
    c.set('auth', admission.who)
    c.set(ADMITTED as never, admission as never)
    await next()
    const finished = admission.finish(c.res)
    replace(c, finished instanceof Promise ? await finished : finished)
  }
}

/** A body that a middleware before us has read is one that Hono has kept. */
async function unread({ req }: Context): Promise<Request> {
  return req.raw.bodyUsed ? new Request(req.raw, { body: await req.arrayBuffer() }) : req.raw
}

/** Hono would carry the headers of the answer before over to this one. */
function replace(c: Context, response: Response): void {
  if (response === c.res) return
  c.res = undefined
  c.res = response
}

/** Only signed-in users pass. */
export const requireUser: MiddlewareHandler<GuardedEnv> = guard({})

/** Only users with one of these roles pass. @throws {TypeError} where none is named. */
export const requireRole = (...roles: readonly string[]): MiddlewareHandler<GuardedEnv> => guard({ roles })

/** Only users who proved their password within `maxAge`, such as `15m`, pass. @throws {TypeError} for what is no duration. */
export const requireRecentAuth = (
  maxAge: NonNullable<Requirement['recentAuth']>,
): MiddlewareHandler<GuardedEnv> => guard({ recentAuth: maxAge })

/** What may be done for the browser: session data, cookies, CSRF tokens for forms. */
export const visitOf = (c: Context): Visit<Visitor> => admittedOf(c).visit

function guard(requirement: Requirement): MiddlewareHandler<GuardedEnv> {
  toRequirement(requirement)
  return async (c, next) => {
    const refusal = admittedOf(c).refuse(requirement)
    if (refusal) return refusal
    await next()
  }
}

function admittedOf(c: Context): Admitted {
  const admitted = c.get(ADMITTED) as Admitted | undefined
  if (admitted) return admitted
  throw new Error('lockjar: app.use(toMiddleware(auth)) must come before the routes that it guards')
}
