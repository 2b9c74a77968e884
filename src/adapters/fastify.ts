// How does Fastify get Lockjar's routes, its users and its guards?
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { Auth } from '../auth.ts'
import type { Admitted, Visitor } from '../http/admit.ts'
import type { SignedIn } from '../http/protect.ts'
import type { Requirement } from '../http/requirement.ts'
import { toRequirement } from '../http/requirement.ts'
import type { AnswerHeaders } from '../http/response.ts'
import type { Visit } from '../http/visit.ts'
import { targetOf, toLightRequest, toRequest } from './node-request.ts'
import { holdsConnection } from './node-response.ts'

declare const GUARDED: unique symbol

/** Of a route that a guard stands before. Where a route names its own generics, it is the second: `app.get<{ … }, Guarded>`. */
export interface Guarded {
  readonly [GUARDED]?: true
}

type IsAny<T> = 0 extends 1 & T ? true : false
type IsGuarded<Config> =
  IsAny<Config> extends true ? false : typeof GUARDED extends keyof Config ? true : false

/** Somebody for sure behind a guard; elsewhere `user` may be `null`. */
export type WhoOf<Request> = Request extends { readonly routeOptions: { readonly config: infer Config } }
  ? IsGuarded<Config> extends true
    ? SignedIn
    : Visitor
  : Visitor

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent the request: `request.auth.user`, `request.auth.session`. */
    readonly auth: WhoOf<this>
    /** What may be done for the browser: session data, cookies, CSRF tokens for forms. */
    readonly visit: Visit<Visitor>
  }
  interface FastifyContextConfig {
    /** `false`: the route is not Lockjar's concern. For webhooks, probes of health, and what else others are meant to reach. */
    lockjar?: false
  }
}

/** As much of `Auth` as this needs. */
export type FastifyAuth = Pick<Auth, 'admit' | 'handler' | 'owns' | 'config'>

/** For `onRequest` of a route, or of everything in a scope: `app.addHook('onRequest', requireUser)`. */
export type Guard = (
  request: { readonly routeOptions: { readonly config: Guarded } },
  reply: { send(payload: unknown): unknown },
  done: (error?: Error) => void,
) => void

const ADMITTED: unique symbol = Symbol('lockjar.admitted')

interface Known {
  [ADMITTED]?: Admitted | null
}

/**
 * Lockjar's routes, and for every other route of the instance `request.auth`, `request.visit`, CSRF and CORS.
 *
 * @example
 * ```ts
 * import Fastify from 'fastify'
 * import { createAuth } from 'lockjar'
 * import { requireUser, toPlugin } from 'lockjar/fastify'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * const app = Fastify()
 * await app.register(toPlugin(auth))
 * app.get('/hello', { onRequest: requireUser }, async (request) => ({ hello: request.auth.user.id }))
 * await app.listen({ port: 3000, host: '127.0.0.1' })
 * ```
 */
export function toPlugin(auth: FastifyAuth): FastifyPluginCallback {
  const plugin: FastifyPluginCallback = (app, _options, done) => {
    decorate(app)
    app.addHook('onRequest', (request, reply, next) => {
      if (request.routeOptions.config?.lockjar === false) return next()
      if (auth.owns(targetOf(request.raw))) return void answer(auth, request, reply).catch(next)
      const admission = auth.admit(toLightRequest(request.raw))
      const go = (admission: Awaited<ReturnType<Auth['admit']>>): void => {
        if (admission.answer) return void respond(admission.answer, request, reply).catch(next)
        ;(request as Known)[ADMITTED] = admission
        next()
      }
      if (admission instanceof Promise) admission.then(go).catch(next)
      else go(admission)
    })
    app.addHook('onSend', (request, reply, _payload, next) => {
      const completed = (request as Known)[ADMITTED]?.complete(headersOf(reply))
      if (completed instanceof Promise) completed.then(() => next(), next)
      else next()
    })
    done()
  }
  return Object.assign(plugin, OPEN)
}

/** What the package `fastify-plugin` does: the hooks are those of the instance that registers it, and not of a scope of its own. */
const OPEN = {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'lockjar',
  [Symbol.for('plugin-meta')]: { name: 'lockjar', fastify: '5.x' },
}

function decorate(app: FastifyInstance): void {
  app.decorateRequest(ADMITTED, null)
  app.decorateRequest('auth', {
    getter(this: FastifyRequest) {
      return admittedOf(this).who
    },
  })
  app.decorateRequest('visit', {
    getter(this: FastifyRequest) {
      return admittedOf(this).visit
    },
  })
}

/** Only signed-in users pass. */
export const requireUser: Guard = guard({})

/** Only users with one of these roles pass. @throws {TypeError} where none is named. */
export const requireRole = (...roles: readonly string[]): Guard => guard({ roles })

/** Only users who proved their password within `maxAge`, such as `15m`, pass. @throws {TypeError} for what is no duration. */
export const requireRecentAuth = (maxAge: NonNullable<Requirement['recentAuth']>): Guard =>
  guard({ recentAuth: maxAge })

/**
 * The signed-in user where TypeScript cannot see the guard, as in a scope that has it as a hook.
 *
 * @throws {Error} where there is none, for then the guard is missing.
 */
export function signedIn(request: object): SignedIn {
  const { who } = admittedOf(request)
  if (who.status === 'authenticated') return who
  throw new Error('lockjar: signedIn() was asked for a user where no guard stands before the route')
}

function guard(requirement: Requirement): Guard {
  toRequirement(requirement)
  return (request, reply, done) => {
    const refusal = admittedOf(request).refuse(requirement)
    if (refusal) respond(refusal, request as FastifyRequest, reply as FastifyReply).catch(done)
    else done()
  }
}

function admittedOf(request: object): Admitted {
  const admitted = (request as Known)[ADMITTED]
  if (admitted) return admitted
  throw new Error(
    'lockjar: this route has no users: it has config.lockjar false, or toPlugin(auth) is not registered before it',
  )
}

async function answer(auth: FastifyAuth, { raw }: FastifyRequest, reply: FastifyReply): Promise<void> {
  const request = toRequest(raw, reply.raw, auth.config.origin)
  if (request) await respond(await auth.handler(request, { ip: raw.socket.remoteAddress }), { raw }, reply)
  else reply.code(400).header('connection', 'close').send()
}

/** Through Fastify, so that its other plugins have their say; as bytes, which all of them know. */
async function respond(
  response: Response,
  { raw }: Pick<FastifyRequest, 'raw'>,
  reply: FastifyReply,
): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer())
  reply.code(response.status)
  for (const [name, value] of response.headers) reply.header(name, value)
  if (holdsConnection(raw)) reply.header('connection', 'close')
  reply.send(body.length > 0 ? body : undefined)
}

function headersOf(reply: FastifyReply): AnswerHeaders {
  const get = (name: string): string | null => {
    const value = reply.getHeader(name)
    return value === undefined ? null : [value].flat().join(', ')
  }
  return {
    get,
    set: (name, value) => void reply.header(name, value),
    append(name, value) {
      const before = /^set-cookie$/i.test(name) ? null : get(name)
      // Fastify appends to `Set-Cookie` by itself, and replaces all others.
      reply.header(name, before === null ? value : `${before}, ${value}`)
    },
    delete: (name) => void reply.removeHeader(name),
  }
}
