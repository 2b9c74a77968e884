// Is what was acknowledged still there after the process was killed in the midst of it?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { PASSWORD } from './support/auth.ts'
import { freePort } from './support/demo.ts'
import { ProcessVisitor, startServer } from './support/processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-durability-'))
const file = join(folder, 'kill.db')
afterAll(() => rmSync(folder, { recursive: true }))

const VISITORS = 200
/** No more than the password queue takes whatever it costs: a refusal would be no fault here. */
const AT_ONCE = 8
/** Acknowledged acts of any kind after which the process is killed. */
const ENOUGH = 500

/** What a visitor was told. */
interface Acknowledged {
  readonly email: string
  readonly browser: ProcessVisitor
  /** Signed in before `browser`, with a session of its own, which is ended by a sign-in or a sign-out. */
  ended: ProcessVisitor | null
}

it('SIGKILL in a storm of registrations, sign-ins, refreshes and sign-outs loses nothing that was acknowledged', async () => {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const server = await startServer({ port, origin, file })
  const known: Acknowledged[] = []
  const told = { register: 0, refresh: 0, logout: 0, login: 0 }
  let killed: Promise<void> | undefined

  /** Each act counts only once its answer is here. */
  const act = async (visitor: ProcessVisitor, name: keyof typeof told, body?: object): Promise<void> => {
    const { status } = await visitor.send(server, 'POST', `/auth/${name}`, body)
    if (status >= 300) throw new Error(`${name}: ${status}`)
    told[name]++
    if (Object.values(told).reduce((sum, n) => sum + n) >= ENOUGH) killed ??= server.kill()
  }

  const visit = async (index: number): Promise<void> => {
    const email = `user${index}@example.com`
    const browser = new ProcessVisitor(origin)
    await act(browser, 'register', { email, password: PASSWORD, remember: true })
    const visitor: Acknowledged = { email, browser, ended: null }
    known.push(visitor)
    await act(browser, 'refresh')
    const other = new ProcessVisitor(origin)
    await act(other, 'login', { email, password: PASSWORD })
    const copy = other.copy()
    await act(other, 'logout')
    visitor.ended = copy
  }

  const waiting = Array.from({ length: VISITORS }, (_, index) => index)
  const ends = await Promise.allSettled(
    Array.from({ length: AT_ONCE }, async () => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) await visit(index)
    }),
  )
  expect(ends.every(({ status }) => status === 'rejected')).toBe(true)
  await killed
  for (const count of Object.values(told)) expect(count).toBeGreaterThan(0)

  const again = await startServer({ port, origin, file })
  for (const { email, browser, ended } of known) {
    const me = await browser.send(again, 'GET', '/auth/me')
    expect([me.status, (me.body.user as { email: string } | undefined)?.email]).toEqual([200, email])
    expect((await browser.send(again, 'POST', '/auth/refresh')).status, email).toBe(200)
    if (!ended) continue
    expect((await ended.send(again, 'GET', '/')).body.code, email).toBe('session_revoked')
    expect((await ended.send(again, 'POST', '/auth/refresh')).status, email).toBe(401)
  }
  const login = await new ProcessVisitor(origin).send(again, 'POST', '/auth/login', {
    email: known.at(-1)?.email,
    password: PASSWORD,
  })
  expect(login.status).toBe(200)
  expect(await again.stop()).toBe(0)
}, 120_000)
