// How does Express, or any server of `(req, res, next)`, get Lockjar's routes, its users and its guards?
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Auth } from '../auth.ts'
import type { Admitted, Visitor } from '../http/admit.ts'
import type { SignedIn } from '../http/protect.ts'
import type { Requirement } from '../http/requirement.ts'
import { toRequirement } from '../http/requirement.ts'
import { targetOf, toLightRequest, toRequest } from './node-request.ts'
import { completeHead, send } from './node-response.ts'
import { takeParsedBody } from './parsed-body.ts'

declare const GUARDED: unique symbol

/** Of a route that a guard stands before. Express hands it from handler to handler as the type of `res.locals`. */
export type Guarded = Record<string, unknown> & { readonly [GUARDED]?: true }

type IsAny<T> = 0 extends 1 & T ? true : false
type IsGuarded<Locals> =
  IsAny<Locals> extends true ? false : typeof GUARDED extends keyof Locals ? true : false

/** Somebody for sure behind a guard; elsewhere `user` may be `null`. */
export type WhoOf<Req> = Req extends { readonly res?: { readonly locals: infer Locals } | undefined }
  ? IsGuarded<Locals> extends true
    ? SignedIn
    : Visitor
  : Visitor

declare global {
  namespace Express {
    interface Request {
      /** Who sent the request: `req.auth.user`, `req.auth.session`. */
      readonly auth: WhoOf<this>
    }
  }
}

type Next = (error?: unknown) => void

export type Middleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void
export type Guard = (
  req: IncomingMessage,
  res: ServerResponse & { readonly locals: Guarded },
  next: Next,
) => void

/** As much of `Auth` as this needs. */
export type ExpressAuth = Pick<Auth, 'admit' | 'handler' | 'owns' | 'config'>

const ADMITTED: unique symbol = Symbol('lockjar.admitted')

interface Known {
  auth?: Visitor
  [ADMITTED]?: Admitted
}

/**
 * Lockjar's routes, and for every other route `req.auth`, CSRF and CORS. What others are meant to reach, such as webhooks and probes
 * of health, goes before it.
 *
 * @example
 * ```ts
 * import express from 'express'
 * import { createAuth } from 'lockjar'
 * import { requireUser, toMiddleware } from 'lockjar/express'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * const app = express()
 * app.use(toMiddleware(auth))
 * app.get('/hello', requireUser, (req, res) => res.json({ hello: req.auth.user.id }))
 * app.listen(3000, '127.0.0.1')
 * ```
 */
export function toMiddleware(auth: ExpressAuth): Middleware {
  return (req, res, next) => {
    if (auth.owns(targetOf(req))) {
      answer(auth, req, res).catch(failing(res, next))
      return
    }
    const admission = auth.admit(toLightRequest(req), formToken(req))
    const go = (admission: Awaited<ReturnType<Auth['admit']>>): void => {
      if (admission.answer) {
        send(admission.answer, req, res).catch(failing(res, next))
        return
      }
      const known: Known = req as Known
      known.auth = admission.who
      known[ADMITTED] = admission
      completeHead(res, (headers) => void admission.complete(headers))
      next()
    }
    if (admission instanceof Promise) admission.then(go).catch(next)
    else go(admission)
  }
}

/** Only signed-in users pass. */
export const requireUser: Guard = guard({})

/** Only users with one of these roles pass. @throws {TypeError} where none is named. */
export const requireRole = (...roles: readonly string[]): Guard => guard({ roles })

/** Only users who proved their password within `maxAge`, such as `15m`, pass. @throws {TypeError} for what is no duration. */
export const requireRecentAuth = (maxAge: NonNullable<Requirement['recentAuth']>): Guard =>
  guard({ recentAuth: maxAge })

/**
 * The signed-in user where TypeScript cannot see the guard, as in a router below one.
 *
 * @throws {Error} where there is none, for then the guard is missing.
 */
export function signedIn(req: IncomingMessage): SignedIn {
  const { who } = admittedOf(req)
  if (who.status === 'authenticated') return who
  throw new Error(`lockjar: signedIn() was asked for a user where no guard stands before the route`)
}

function guard(requirement: Requirement): Guard {
  toRequirement(requirement)
  return (req, res, next) => {
    const refusal = admittedOf(req).refuse(requirement)
    if (refusal) send(refusal, req, res).catch(failing(res, next))
    else next()
  }
}

function admittedOf(req: IncomingMessage): Admitted {
  const admitted = (req as Known)[ADMITTED]
  if (admitted) return admitted
  throw new Error('lockjar: app.use(toMiddleware(auth)) must come before the routes that it guards')
}

async function answer(auth: ExpressAuth, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const request = toRequest(req, res, auth.config.origin, takeParsedBody(req))
  if (!request) {
    res.writeHead(400, { Connection: 'close' }).end()
    return
  }
  await send(await auth.handler(request, { ip: req.socket.remoteAddress }), req, res)
}

/** Of a form that was parsed before us. */
function formToken(req: IncomingMessage): { readonly csrfToken?: string } | undefined {
  const { body } = req as { readonly body?: { readonly csrfmiddlewaretoken?: unknown } }
  const token = body?.csrfmiddlewaretoken
  return typeof token === 'string' ? { csrfToken: token } : undefined
}

/** What goes wrong is the framework's to tell; that somebody went away in the middle is no news. */
function failing(res: ServerResponse, next: Next): (error: unknown) => void {
  return (error) => {
    if (res.headersSent) res.destroy()
    else next(error)
  }
}
