// What becomes of a process when the server takes its leave at the worst moment?
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { AuthError } from 'lockjar'
import { afterEach, expect, it } from 'vitest'
import { openPostgres } from '../../src/drivers/postgres/index.ts'
import { openPool } from '../../src/drivers/postgres/open-pool.ts'
import { watchNotifications } from '../../src/drivers/postgres/watch.ts'
import { createTestClock } from '../support/clock.ts'

/** A message of the server: its type, its length, the rest (PostgreSQL, "Message Formats"). */
function message(type: string, rest: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(4 + rest.length)
  return Buffer.concat([Buffer.from(type), length, rest])
}

const AUTHENTICATED = message('R', Buffer.alloc(4))
const READY = message('Z', Buffer.from('I'))
const STOPPING = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'))

const ended: unknown[] = []
const note = (error: unknown): void => void ended.push(error)
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

interface Hasty {
  readonly url: string
  /** Resolves when the first to come has left. */
  readonly parted: Promise<void>
}

/** Lets everybody in, and says goodbye in the same breath. */
async function startHastyServer(): Promise<Hasty> {
  const { promise: parted, resolve } = Promise.withResolvers<void>()
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('close', () => setImmediate(resolve))
    socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, STOPPING])))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  process.once('uncaughtExceptionMonitor', note)
  closing.push(() => process.off('uncaughtExceptionMonitor', note))
  const { port } = server.address() as AddressInfo
  return { url: `postgres://nobody@127.0.0.1:${port}/lockjar`, parted }
}

it('a server that stops as it lets somebody in is not available, and ends no process', async () => {
  const { url } = await startHastyServer()
  const refusal = await openPostgres(url, createTestClock()).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(AuthError)
  expect(refusal).toMatchObject({ code: 'unavailable' })
  expect(ended).toEqual([])
})

it('nor does it end one that only listens', async () => {
  const { url, parted } = await startHastyServer()
  const pool = await openPool({ url, poolSize: 1, pooled: true })
  const { watch, close } = watchNotifications(pool, createTestClock())
  const stop = watch(() => {})
  await parted
  stop()
  await close()
  expect(ended).toEqual([])
})
