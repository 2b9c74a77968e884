// Does a server that runs somewhere, with the routes of the examples, sign people in and keep everybody else out?
import { expect } from 'vitest'
import { PASSWORD } from './auth.ts'
import type { HeaderLines, Raw } from './raw-http.ts'
import { sendRaw } from './raw-http.ts'

const FOREIGN = ['Origin', 'https://evil.example'] as const

const jarOf = ({ setCookies }: Raw) =>
  ['Cookie', setCookies.map((line) => line.split(';')[0]).join('; ')] as const

/** From a sign-up to a sign-out, over real sockets. */
export async function takeTour(port: number): Promise<void> {
  const own = ['Origin', `http://localhost:${port}`] as const
  const send = (method: string, path: string, headers: HeaderLines = [], body?: string) =>
    sendRaw(port, method, path, [['Host', `localhost:${port}`], ...headers], body)

  expect((await send('GET', '/')).json).toEqual({ hello: 'stranger' })
  expect((await send('GET', '/me')).json).toMatchObject({ code: 'unauthenticated' })
  const ada = JSON.stringify({ email: 'ada@example.com', password: PASSWORD })
  const signedUp = await send('POST', '/auth/register', [['Content-Type', 'application/json'], own], ada)
  expect(signedUp.status).toBe(201)
  const { id } = (signedUp.json as { user: { id: string } }).user

  const refreshed = await send('POST', '/auth/refresh', [jarOf(signedUp), own])
  expect(refreshed.status).toBe(200)
  const cookie = jarOf(refreshed)
  expect((await send('GET', '/', [cookie])).json).toEqual({ hello: id })
  expect((await send('GET', '/me', [cookie])).json).toEqual({ id, roles: [] })
  expect((await send('GET', '/edit', [cookie])).json).toMatchObject({ code: 'forbidden' })
  expect((await send('POST', '/pay', [cookie, own], '')).text).toBe('paid')
  expect((await send('POST', '/pay', [cookie, FOREIGN], '')).json).toMatchObject({ code: 'csrf_failed' })
  expect((await send('GET', '/nowhere', [cookie])).status).toBe(404)
  expect((await send('GET', '/me', [['Host', 'evil.example'], cookie])).status).toBeGreaterThanOrEqual(400)

  expect((await send('POST', '/auth/logout', [cookie, own])).status).toBe(204)
  expect((await send('GET', '/me', [cookie])).json).toMatchObject({ code: 'session_revoked' })
}
