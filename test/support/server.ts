// What does a test start when it needs a whole server process? It reads the environment, and obeys orders of its parent.
import { createServer } from 'node:http'
import type { Clock } from 'lockjar'
import { createAuth, readEnvironment } from 'lockjar'
import { toNodeListener } from 'lockjar/node'

/** What the test may order, by name. Each is answered with its number when it is done. */
export interface Orders {
  /** Somebody sets the wall clock; the monotonic one does not notice. */
  step(milliseconds: number): void
  setRoles(userId: string, roles: readonly string[]): Promise<unknown>
  disable(userId: string): Promise<unknown>
}

export interface Order {
  readonly number: number
  readonly name: string
  readonly args: readonly unknown[]
}

export interface Done {
  readonly number: number
  readonly value: unknown
}

let stepped = 0
const clock: Clock = {
  now: () => Date.now() + stepped,
  monotonic: () => performance.now(),
  every(interval, task) {
    const timer = setInterval(task, interval)
    timer.unref()
    return () => clearInterval(timer)
  },
}

const { options, server: settings } = readEnvironment(process.env)
const auth = await createAuth({ ...options, database: settings.database, redis: settings.redis, clock })
const server = createServer(
  toNodeListener(
    auth,
    auth.protect((_request, { user }) => Response.json({ id: user.id, roles: user.roles })),
  ),
)
server.listen(settings.port, settings.host, () => process.stdout.write('listening\n'))

const orders: Orders = {
  step(milliseconds) {
    stepped += milliseconds
  },
  setRoles: (userId, roles) => auth.users.setRoles(userId, roles),
  disable: (userId) => auth.users.disable(userId),
}
process.on('message', async ({ number, name, args }: Order) => {
  const obey = orders[name as keyof Orders] as (...args: readonly unknown[]) => unknown
  await obey(...args)
  process.send?.({ number, value: undefined } satisfies Done)
})

process.once('SIGTERM', async () => {
  if (process.connected) process.disconnect?.()
  server.close()
  server.closeAllConnections()
  await auth.close()
})
