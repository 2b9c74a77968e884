// What is measured? One small document from a framework: without Lockjar, or behind its adapter.
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import type { Auth } from 'lockjar'
import { createAuth, readEnvironment } from 'lockjar'
import * as ex from 'lockjar/express'
import * as fa from 'lockjar/fastify'
import * as ho from 'lockjar/hono'
import { toNodeListener } from 'lockjar/node'

const { options, server: settings } = readEnvironment(process.env)
const { BENCH_FRAMEWORK: framework = '', BENCH_FLOOR: floor } = process.env
const auth =
  floor === 'yes'
    ? null
    : await createAuth({ ...options, database: settings.database, redis: settings.redis })

const BODY = { hello: 'you are here' }

/** `/open` for anybody, `/` for users; without Lockjar both for anybody. */
const MAKE: Readonly<Record<string, (auth: Auth | null) => RequestListener | Promise<RequestListener>>> = {
  express(auth) {
    const app = express().disable('x-powered-by').set('etag', false)
    if (auth) app.use(ex.toMiddleware(auth))
    app.get('/open', (_req, res) => void res.json(BODY))
    if (auth) app.get('/', ex.requireUser, (_req, res) => void res.json(BODY))
    else app.get('/', (_req, res) => void res.json(BODY))
    return app
  },
  async fastify(auth) {
    const app = Fastify()
    if (auth) await app.register(fa.toPlugin(auth))
    app.get('/open', (_request, reply) => void reply.send(BODY))
    if (auth) app.get('/', { onRequest: fa.requireUser }, (_request, reply) => void reply.send(BODY))
    else app.get('/', (_request, reply) => void reply.send(BODY))
    await app.ready()
    return (incoming, outgoing) => void app.routing(incoming, outgoing)
  },
  hono(auth) {
    const app = new Hono()
    if (auth) app.use(ho.toMiddleware(auth))
    app.get('/open', (c) => c.json(BODY))
    if (auth) app.get('/', ho.requireUser, (c) => c.json(BODY))
    else app.get('/', (c) => c.json(BODY))
    const none = {
      owns: () => false,
      handler: async () => new Response(),
      config: { origin: options.baseURL },
    }
    return toNodeListener(auth ?? none, (request) => app.fetch(request))
  },
}

const listener = await MAKE[framework]?.(auth)
if (!listener) throw new Error(`BENCH_FRAMEWORK: ${framework} is not one of ${Object.keys(MAKE).join(', ')}`)
const server = createServer(listener)
server.listen(settings.port, settings.host, () => process.stdout.write('listening\n'))

process.on('message', ({ number }: { number: number }) => {
  const { user, system } = process.cpuUsage()
  process.send?.({ number, value: (user + system) / 1000 })
})
process.once('SIGTERM', async () => {
  if (process.connected) process.disconnect?.()
  server.close()
  server.closeAllConnections()
  await auth?.close()
})
