// Is what was acknowledged still there after the process was killed in the midst of it?
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { PASSWORD } from './support/auth.ts'
import { freePort } from './support/demo.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-durability-'))
const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

const REGISTRATIONS = 200
/** As a browser's page sends it. */
const HEADERS = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }

/** A server of its own process, on the same file each time. Answers once it listens. */
async function start(port: number): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--conditions=lockjar-source', join(import.meta.dirname, 'support/server.ts')],
    {
      env: { ...process.env, PORT: String(port), DATABASE: `sqlite:${folder}/kill.db` },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  children.add(child)
  const ready = once(child.stdout ?? child, 'data')
  const exit = once(child, 'exit').then(() => {
    throw new Error('the server ended before it listened')
  })
  await Promise.race([ready, exit])
  exit.catch(() => {})
  return child
}

/** The cookies after an answer, as a browser would have them. */
function cookiesAfter(response: Response, before = ''): string {
  const jar = new Map(before.split('; ').map((pair) => [pair.split('=')[0], pair]))
  for (const line of response.headers.getSetCookie()) {
    const [pair = ''] = line.split(';')
    jar.set(pair.split('=')[0], pair)
  }
  return [...jar.values()].filter(Boolean).join('; ')
}

interface Acknowledged {
  readonly email: string
  cookie: string
}

it('SIGKILL in the midst of 200 registrations and refreshes loses nothing that was acknowledged', async () => {
  const port = await freePort()
  const base = `http://localhost:${port}`
  const child = await start(port)
  const acknowledged: Acknowledged[] = []
  let refreshed = 0

  const post = (path: string, init: RequestInit = {}) =>
    fetch(base + path, { method: 'POST', ...init, headers: { ...HEADERS, ...init.headers } })

  /** Registers and then refreshes until the server is gone; remembers only what it was told. */
  const visit = async (index: number): Promise<void> => {
    const email = `user${index}@example.com`
    const response = await post('/auth/register', {
      body: JSON.stringify({ email, password: PASSWORD, remember: true }),
    })
    if (response.status !== 201) throw new Error(`register: ${response.status}`)
    const visitor: Acknowledged = { email, cookie: cookiesAfter(response) }
    acknowledged.push(visitor)
    if (acknowledged.length === REGISTRATIONS / 2) child.kill('SIGKILL')
    for (let round = 0; round < 2; round++) {
      const next = await post('/auth/refresh', { headers: { cookie: visitor.cookie } })
      if (next.status !== 200) throw new Error(`refresh: ${next.status}`)
      visitor.cookie = cookiesAfter(next, visitor.cookie)
      refreshed++
    }
  }

  const visits = Array.from({ length: REGISTRATIONS }, (_, index) => index)
  const workers = Array.from({ length: 20 }, async () => {
    for (let index = visits.shift(); index !== undefined; index = visits.shift()) await visit(index)
  })
  const ends = await Promise.allSettled(workers)
  expect(child.killed).toBe(true)
  expect(ends.some(({ status }) => status === 'rejected')).toBe(true)
  expect(acknowledged.length).toBeGreaterThanOrEqual(REGISTRATIONS / 2)
  expect(refreshed).toBeGreaterThan(0)

  const again = await start(port)
  for (const { email, cookie } of acknowledged) {
    const me = await fetch(`${base}/auth/me`, { headers: { cookie } })
    expect(me.status, email).toBe(200)
    expect(((await me.json()) as { user: { email: string } }).user.email).toBe(email)
    expect((await post('/auth/refresh', { headers: { cookie } })).status, email).toBe(200)
  }
  const login = await post('/auth/login', {
    body: JSON.stringify({ email: acknowledged.at(-1)?.email, password: PASSWORD }),
  })
  expect(login.status).toBe(200)

  const left = once(again, 'exit')
  again.kill('SIGTERM')
  await left
}, 120_000)
