// Does `lockjar migrate` bring a database up to date, and say what it did?
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { createFolder, createWorld, runCli, runHere } from '../support/cli.ts'

describe('lockjar migrate', () => {
  it('makes a database, says what it applied, and has nothing to do the next time', async () => {
    const cwd = createFolder()
    const first = await runCli(['migrate'], { cwd })
    expect(first).toMatchObject({ status: 0, stderr: '' })
    expect(first.stdout).toMatch(/^applied 0001_users_sessions_revocations\n(?:applied \d{4}_\w+\n)+$/)
    expect(await runCli(['migrate'], { cwd })).toEqual({ status: 0, stdout: 'up to date\n', stderr: '' })
    const { stdout } = await runCli(['migrate', '--json'], { cwd })
    expect(JSON.parse(stdout)).toEqual({ applied: [], pending: [] })
  })

  it('checks without changing anything: exit 1 while something is pending', async () => {
    const cwd = createFolder()
    const file = join(cwd, 'data/lockjar.db')
    const check = (...args: string[]) => runHere(['migrate', '--check', ...args], createWorld({ cwd }))
    expect(await check()).toEqual({
      status: 1,
      stdout: '',
      stderr: 'lockjar: there is no database sqlite:./data/lockjar.db here; make it with: lockjar migrate\n',
    })
    expect(existsSync(file)).toBe(false)
    await runHere(['migrate'], createWorld({ cwd }))
    expect(await check()).toEqual({ status: 0, stdout: 'up to date\n', stderr: '' })
    forget(file, '0002_session_data')
    expect(await check()).toEqual({
      status: 1,
      stdout: 'pending 0002_session_data\n',
      stderr: 'lockjar: 1 pending; apply with: lockjar migrate\n',
    })
    expect(JSON.parse((await check('--json')).stdout)).toEqual({
      applied: [],
      pending: ['0002_session_data'],
    })
  })

  it('leaves the tables of an application alone that share the file', async () => {
    const cwd = createFolder()
    const file = join(cwd, 'app.db')
    const db = new DatabaseSync(file)
    db.exec("create table mine (x); insert into mine values ('kept')")
    db.close()
    expect((await runHere(['migrate', '--database', `sqlite:${file}`], createWorld({ cwd }))).status).toBe(0)
    const after = new DatabaseSync(file)
    expect(after.prepare('select x from mine').get()).toEqual({ x: 'kept' })
    after.close()
  })

  it.each<[what: string, database: (cwd: string) => string, line: RegExp]>([
    ['a database of another kind', () => 'mysql://x', /write sqlite:PATH/],
    ['one in memory', () => 'sqlite::memory:', /a file that stays: write sqlite:PATH/],
    ['a folder', (cwd) => `sqlite:${cwd}`, /cannot be opened/],
    [
      'a file that is no database',
      (cwd) => {
        writeFileSync(join(cwd, 'text'), 'not a database '.repeat(100))
        return `sqlite:${join(cwd, 'text')}`
      },
      /file is not a database/,
    ],
    [
      'one that a newer version has migrated',
      (cwd) => {
        const file = join(cwd, 'newer.db')
        const db = new DatabaseSync(file)
        db.exec(
          "create table lockjar_migrations (name text, applied_at int); insert into lockjar_migrations values ('9999_x', 1)",
        )
        db.close()
        return `sqlite:${file}`
      },
      /brought to 9999_x by a newer version/,
    ],
  ])('refuses %s with exit code 3', async (_what, database, line) => {
    const cwd = createFolder()
    const { status, stdout, stderr } = await runHere(
      ['migrate', '--database', database(cwd)],
      createWorld({ cwd }),
    )
    expect([status, stdout, stderr.split('\n').length]).toEqual([3, '', 2])
    expect(stderr).toMatch(line)
  })
})

/** As if that migration had never been. */
function forget(file: string, name: string): void {
  const db = new DatabaseSync(file)
  db.prepare('delete from lockjar_migrations where name = ?').run(name)
  db.close()
}
