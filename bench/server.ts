// What is measured? A server that answers one small document to whoever is signed in, or, as the floor, to everybody.
import { createServer, type RequestListener } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Auth } from 'lockjar'
import { createAuth, readEnvironment } from 'lockjar'
import { toLightRequest, toNodeListener } from 'lockjar/node'

/** What the measurement may ask, by name. */
export interface Questions {
  /** Milliseconds of processor time that this process has used. */
  processorTime(): number
  /** From now on. */
  watchLoop(): void
  /** Milliseconds by which the event loop was late since `watchLoop`: p50, p99, max. */
  loopDelay(): readonly [p50: number, p99: number, max: number]
}

const { options, server: settings } = readEnvironment(process.env)
const floor = process.env.BENCH_FLOOR === 'yes'
const auth = floor
  ? null
  : await createAuth({ ...options, database: settings.database, redis: settings.redis })

const BODY = Buffer.from(JSON.stringify({ hello: 'you are signed in' }))
const HEADERS = { 'content-type': 'application/json', 'content-length': BODY.length }

const bare: RequestListener = (_incoming, outgoing) => outgoing.writeHead(200, HEADERS).end(BODY)

/** The application's own route, by the light way; everything else is Lockjar's. */
function guarded(auth: Auth): RequestListener {
  const others = toNodeListener(auth, () => new Response(null, { status: 404 }))
  return async (incoming, outgoing) => {
    if (incoming.url !== '/') return others(incoming, outgoing)
    const { user } = await auth.authenticate(toLightRequest(incoming))
    if (user) outgoing.writeHead(200, HEADERS).end(BODY)
    else outgoing.writeHead(401).end()
  }
}

const server = createServer(auth ? guarded(auth) : bare)
server.listen(settings.port, settings.host, () => process.stdout.write('listening\n'))

const loop = monitorEventLoopDelay({ resolution: 1 })
const RESOLUTION = 1
const questions: Questions = {
  processorTime() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
  watchLoop() {
    loop.enable()
    loop.reset()
  },
  loopDelay() {
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION)
    return [late(loop.percentile(50)), late(loop.percentile(99)), late(loop.max)]
  },
}
process.on('message', ({ number, name }: { number: number; name: keyof Questions }) => {
  process.send?.({ number, value: questions[name]() })
})

process.once('SIGTERM', async () => {
  if (process.connected) process.disconnect?.()
  server.close()
  server.closeAllConnections()
  await auth?.close()
})
