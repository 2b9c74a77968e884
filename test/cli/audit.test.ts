// Does `lockjar audit` say whether the log is whole, and print what is in it?

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createAuth } from 'lockjar'
import { describe, expect, it } from 'vitest'
import { SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { createFolder, createWorld, runCli, runHere } from '../support/cli.ts'

const BASE = 'http://localhost:3000'

/** A folder with a database in which somebody tried to sign in three times. */
async function start() {
  const cwd = createFolder()
  const path = join(cwd, 'lockjar.db')
  const env = { LOCKJAR_SECRET: SECRET, LOCKJAR_DATABASE_URL: `sqlite:${path}` }
  const auth = await createAuth({ baseURL: BASE, secret: SECRET, database: env.LOCKJAR_DATABASE_URL })
  const browser = new TestBrowser(auth.handler, BASE)
  for (const name of ['ada', 'bob', 'eve'])
    await browser.post('/auth/login', { username: name, password: 'none of your business' })
  await auth.close()
  const here = (...args: readonly string[]) => runHere(['audit', ...args], createWorld({ cwd, env }))
  return { cwd, path, env, here }
}

function force(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(`DROP TRIGGER lockjar_audit_update; DROP TRIGGER lockjar_audit_delete; ${sql}`)
  db.close()
}

describe('lockjar audit verify', () => {
  it('ends with 0 and tells the head of a log that is whole, in a process of its own', async () => {
    const { cwd, env, here } = await start()
    const { status, stdout, stderr } = await runCli(['audit', 'verify'], { cwd, env })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/rows +3, every one as it was written/)
    const [, head = ''] = /head +(3:\S{43})\n/.exec(stdout) ?? []
    expect(await here('verify', '--head', head, '--json')).toMatchObject({ status: 0 })
  })

  it.each([
    [
      "UPDATE lockjar_audit SET ip = '192.0.2.99' WHERE id = 2",
      'row 2 is not as it was written; 1 rows before',
    ],
    ['DELETE FROM lockjar_audit WHERE id = 2', 'row 2 is missing'],
    ['DELETE FROM lockjar_audit WHERE id = 3', 'row 3 and what follows were cut off'],
    ["UPDATE lockjar_audit SET key_id = 'elsewhere' WHERE id = 1", 'LOCKJAR_AUDIT_SECRET'],
  ])('ends with 1 after %s, and says where', async (sql, told) => {
    const { path, here } = await start()
    force(path, sql)
    const { status, stdout, stderr } = await here('verify', '--json')
    expect(status).toBe(1)
    expect(stderr).toContain(told)
    expect(JSON.parse(stdout)).toMatchObject({ ok: false })
    expect((await here('verify')).stdout).toBe('')
  })

  it('finds rows that were cut off with every trace, by an earlier head', async () => {
    const { path, here } = await start()
    const { head } = JSON.parse((await here('verify', '--json')).stdout)
    force(path, 'DELETE FROM lockjar_audit WHERE id = 3; UPDATE sqlite_sequence SET seq = 2')
    expect((await here('verify')).status).toBe(0)
    expect((await here('verify', '--head', head)).status).toBe(1)
    expect((await here('verify', '--head', 'rubbish')).status).toBe(1)
  })
})

describe('lockjar audit export', () => {
  it('prints one JSON object a line, oldest first', async () => {
    const { cwd, env } = await start()
    const { status, stdout } = await runCli(['audit', 'export'], { cwd, env })
    expect(status).toBe(0)
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.map(({ id, name }) => [id, name])).toEqual([
      [1, 'login.failed'],
      [2, 'login.failed'],
      [3, 'login.failed'],
    ])
  })

  it('prints what is asked for', async () => {
    const { here } = await start()
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
    for (const [args, count] of [
      [['--event', 'login.failed'], 3],
      [['--event', 'session.created'], 0],
      [['--user', 'nobody'], 0],
      [['--since', tomorrow], 0],
      [['--since', '2020-01-01', '--until', tomorrow], 3],
    ] as const) {
      const { status, stdout } = await here('export', ...args)
      expect([status, stdout.split('\n').length - 1]).toEqual([0, count])
    }
    expect(await here('export', '--since', 'yesterday')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is not a date'),
    })
    expect(await here('export', '--event', 'nothing')).toMatchObject({ status: 1 })
  })
})
