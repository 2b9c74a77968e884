// Do two processes on one SQLite file count together, and does the file name nobody?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, it } from 'vitest'
import { raceProcesses } from './drivers/processes.ts'
import { PASSWORD } from './support/auth.ts'
import { freePort } from './support/demo.ts'
import type { Reply, ServerProcess } from './support/processes.ts'
import { ProcessVisitor, startServer } from './support/processes.ts'

const ROUNDS = 5

const folder = mkdtempSync(join(tmpdir(), 'lockjar-limits-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('of two simultaneous sign-ins at two processes at a limit of one left, exactly one passes', async () => {
  const file = join(folder, 'sign-in.db')
  const ports = await Promise.all([freePort(), freePort()])
  const origin = `http://localhost:${ports[0]}`
  const env = { LOCKJAR_RATE_LIMITS: 'on' }
  const [one, other] = (await Promise.all(ports.map((port) => startServer({ port, origin, file, env })))) as [
    ServerProcess,
    ServerProcess,
  ]
  const guess = (at: ServerProcess, email: string): Promise<Reply> =>
    new ProcessVisitor(origin).send(at, 'POST', '/auth/login', { email, password: PASSWORD })
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const email = `ada${round}@example.com`
      for (let n = 0; n < 4; n++) expect((await guess(n % 2 ? one : other, email)).status).toBe(401)
      const both = await Promise.all([guess(one, email), guess(other, email)])
      expect(both.map(({ status }) => status).toSorted()).toEqual([401, 429])
    }
  } finally {
    await Promise.all([one.stop(), other.stop()])
  }

  const db = new DatabaseSync(file, { readOnly: true })
  const rows = db.prepare('SELECT * FROM lockjar_rate_limits').all()
  db.close()
  expect(rows.length).toBeGreaterThan(ROUNDS)
  for (const { key } of rows)
    expect(key).toMatch(/^password\.(?:pair|account|network|global)\.\d+\.(?:[\w-]{21}(?:\.[\w-]{21})?)?$/)
  expect(JSON.stringify(rows)).not.toMatch(/ada|127\.0|example/)
})

it('of four processes that count at one instant, as many pass as were left', async () => {
  const file = join(folder, 'race.db')
  const setup = `
    import { openSqlite } from './src/drivers/sqlite/index.ts'
    const clock = { now: () => Date.now(), monotonic: () => 0, every: () => () => {} }
    const store = openSqlite(${JSON.stringify(file)}, clock)
    const bucket = (key, limit) => ({ key, window: { limit, period: 3_600_000, longestWait: 3_600_000 } })
    const buckets = [bucket('tight', 5), bucket('wide', 100)]`
  const act = `
    const answers = await Promise.all(Array.from({ length: 8 }, () => store.limits.consume(buckets)))
    await store.close()
    process.stdout.write(JSON.stringify(answers.map(({ allowed, states }) => [allowed, states[0].first])))`
  const printed = await raceProcesses(4, setup, act)
  const answers = printed.flatMap((text) => JSON.parse(text) as [allowed: boolean, first: boolean][])
  expect(answers.filter(([allowed]) => allowed)).toHaveLength(5)
  expect(answers.filter(([, first]) => first)).toHaveLength(1)
  const db = new DatabaseSync(file, { readOnly: true })
  expect(db.prepare("SELECT used FROM lockjar_rate_limits WHERE key = 'wide'").get()).toEqual({ used: 5 })
  db.close()
}, 120_000)
