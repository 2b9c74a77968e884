// Does what goes wrong with one WebSocket harm nobody else?
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { toUpgradeListener } from 'lockjar/node'
import { expect, it } from 'vitest'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'

async function setUp() {
  const { auth } = await createTestAuth({ baseURL: LOCAL })
  const browser = new TestBrowser(auth.handler, LOCAL)
  await browser.post('/auth/register', { email: 'ada@example.com', password: PASSWORD })
  const incoming = (headers: readonly string[]) =>
    ({ method: 'GET', url: '/live', rawHeaders: ['Host', 'localhost:3000', ...headers] }) as IncomingMessage
  return { auth, browser, incoming }
}

/** Listens for nothing else: an error that nobody hears ends a process. */
const closed = (socket: PassThrough) => new Promise((resolve) => socket.once('close', resolve))

/** As much of a WebSocket as is asked for. */
class FakeSocket extends EventEmitter {
  readonly told: unknown[] = []
  close(code: number, reason: string): void {
    this.told.push(code, reason)
  }
  terminate(): void {
    this.told.push('terminated')
  }
}

it('a sender that goes away during its handshake is let go', async () => {
  const { auth, browser, incoming } = await setUp()
  const listener = toUpgradeListener(auth, { handleUpgrade: () => {} })
  const socket = new PassThrough()
  listener(incoming(['Cookie', browser.cookieHeader('/live'), 'Origin', LOCAL]), socket, Buffer.alloc(0))
  socket.destroy(new Error('gone'))
  await closed(socket)
  expect(socket.destroyed).toBe(true)
})

it('a connection that breaks is terminated, and is no longer among those that its session ends', async () => {
  const { auth, browser, incoming } = await setUp()
  const connection = new FakeSocket()
  const opened = Promise.withResolvers<string>()
  const listener = toUpgradeListener(
    auth,
    { handleUpgrade: (_incoming, _socket, _head, done) => done(connection) },
    (_connection, { user }) => opened.resolve(user.id),
  )
  const headers = ['Cookie', browser.cookieHeader('/live'), 'Origin', LOCAL]
  listener(incoming(headers), new PassThrough(), Buffer.alloc(0))
  expect(await opened.promise).toEqual(expect.any(String))
  connection.emit('error', new Error('broken'))
  connection.emit('close')
  await browser.post('/auth/logout')
  expect(connection.told).toEqual(['terminated'])
})

it('a connection whose session ends during the handshake is closed, and is not handed to the application', async () => {
  const { auth, browser, incoming } = await setUp()
  const connection = new FakeSocket()
  const done = Promise.withResolvers<void>()
  let opened = 0
  const listener = toUpgradeListener(
    auth,
    {
      async handleUpgrade(_incoming, _socket, _head, open) {
        await browser.copy().post('/auth/logout')
        open(connection)
        done.resolve()
      },
    },
    () => opened++,
  )
  const headers = ['Cookie', browser.cookieHeader('/live'), 'Origin', LOCAL]
  listener(incoming(headers), new PassThrough(), Buffer.alloc(0))
  await done.promise
  expect([connection.told, opened]).toEqual([[4401, 'session_revoked'], 0])
})

it('a mistake of the application in the callback closes the socket, and ends nothing else', async () => {
  const { auth, browser, incoming } = await setUp()
  const listener = toUpgradeListener(
    auth,
    { handleUpgrade: (_incoming, _socket, _head, done) => done(new FakeSocket()) },
    () => {
      throw new Error('a mistake')
    },
  )
  const socket = new PassThrough()
  listener(incoming(['Cookie', browser.cookieHeader('/live'), 'Origin', LOCAL]), socket, Buffer.alloc(0))
  await closed(socket)
})
