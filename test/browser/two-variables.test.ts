// In a real browser: is the demo the same application on PostgreSQL with Redis, with two variables changed and nothing else?
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PASSWORD } from '../support/auth.ts'
import { launchChromium } from '../support/chromium.ts'
import type { Demo } from '../support/demo.ts'
import { SECRET, startDemo } from '../support/demo.ts'
import { ask, createVisitors } from '../support/page.ts'
import type { PostgresServer } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres.ts'
import type { RedisServer } from '../support/redis.ts'
import { startRedis } from '../support/redis.ts'

let browser: Browser
let postgres: PostgresServer
let redis: RedisServer
let url: string
let demo: Demo
const newEmail = createVisitors()

beforeAll(async () => {
  ;[browser, postgres, redis] = await Promise.all([launchChromium(), startPostgres(), startRedis()])
  url = await postgres.createDatabase()
  // The secret is there in any case, but for a file on a developer's machine, beside which it is made.
  const env = { LOCKJAR_DATABASE_URL: url, LOCKJAR_REDIS_URL: redis.url, LOCKJAR_SECRET: SECRET }
  demo = await startDemo({ env })
})
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
  await redis?.remove()
  await postgres?.remove()
})

it('signs up, keeps tasks, refreshes, survives a restart, and forgets tasks with their user', async () => {
  const page = await browser.newPage()
  await page.goto(demo.origin)
  const send = (method: string, path: string, body?: unknown) =>
    ask(page, path, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
  const user = { email: newEmail(), password: PASSWORD }
  expect((await send('POST', '/auth/register', user)).status).toBe(201)
  const added = await send('POST', '/api/tasks', { title: 'Tea' })
  const { task } = JSON.parse(added.text) as { task: { id: string } }
  expect((await send('PATCH', `/api/tasks/${task.id}`, { done: true })).status).toBe(200)
  expect((await send('PATCH', '/api/tasks/none', { done: true })).status).toBe(404)
  expect((await send('POST', '/auth/refresh')).status).toBe(200)
  await demo.restart({})
  expect(JSON.parse((await send('GET', '/api/tasks')).text)).toEqual({
    tasks: [{ id: task.id, title: 'Tea', done: true }],
  })
  const client = await postgres.connect(url)
  const rows = async (table: string) =>
    (await client.query(`select count(*)::int as rows from ${table}`)).rows[0]?.rows as number
  expect([await rows('lockjar_sessions'), await rows('tasks')]).toEqual([1, 1])
  expect((await send('DELETE', '/auth/me', { password: PASSWORD })).status).toBe(204)
  expect([await rows('lockjar_users'), await rows('tasks')]).toEqual([0, 0])
  expect((await send('GET', '/api/tasks')).status).toBe(401)
})
