// Are writes durable when answered, in order and bounded, and do they hold up neither reads nor the process?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { openSqlite } from '../../src/drivers/sqlite/index.ts'
import { openReader } from '../../src/drivers/sqlite/reader.ts'
import { createStores } from '../../src/drivers/sqlite/stores.ts'
import type { Writer } from '../../src/drivers/sqlite/writer.ts'
import { createWriter, divideStores, startWriterThread } from '../../src/drivers/sqlite/writer.ts'
import type { Store } from '../../src/ports/store.ts'
import type { NewUser } from '../../src/ports/user-store.ts'
import type { TestClock } from '../support/clock.ts'
import { createTestClock } from '../support/clock.ts'
import { raceProcesses } from './processes.ts'
import { session, user } from './rows.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-writer-'))
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newPath = (): string => join(folder, `${files++}.db`)

const count = (length: number): readonly number[] => Array.from({ length }, (_, n) => n)

const UNAVAILABLE = expect.objectContaining({
  name: 'AuthError',
  code: 'unavailable',
  status: 503,
  facts: expect.objectContaining({ retryAfter: 1 }),
})

function open(path = newPath()): { store: Store; clock: TestClock; path: string } {
  const clock = createTestClock()
  const store = openSqlite(path, clock)
  opened.push(store)
  return { store, clock, path }
}

/** As `openSqlite` puts them together, with the threads in the test's hand. */
function openWithThreads(startThread: (path: string) => Worker) {
  const path = newPath()
  const threads: Worker[] = []
  const clock = createTestClock()
  const reader = openReader(path, clock.now())
  const writer: Writer = createWriter({
    startThread() {
      const thread = startThread(path)
      threads.push(thread)
      return thread
    },
    clock,
  })
  opened.push(writer, { close: async () => reader.close() })
  return { ...divideStores(createStores(reader, clock), writer), path, threads, writer }
}

describe('writes', () => {
  it('keep the order of their calls', async () => {
    const { store } = open()
    const answers = await Promise.all([
      store.users.create(user(1)),
      ...count(50).map(() => store.users.raiseRevision('user-1')),
      store.users.delete('user-1'),
      store.users.raiseRevision('user-1'),
    ])
    expect(answers.slice(1)).toEqual([...count(50).map((n) => n + 1), true, null])
  })

  it('are judged by the time of their call, each by its own, though they share a commit', async () => {
    const { store, clock } = open()
    const calls = count(3).map((n) => {
      clock.advance(1000)
      return store.sessions.create(session(n), [])
    })
    const began = clock.now()
    expect((await Promise.all(calls)).map(({ session }) => session.createdAt)).toEqual([
      began - 2000,
      began - 1000,
      began,
    ])
  })

  it('are read at once by whoever awaited them', async () => {
    const { store } = open()
    for (const n of count(20)) {
      await store.users.create(user(n))
      expect((await store.users.find(`user-${n}`))?.id).toBe(`user-${n}`)
    }
  })

  it('that another process holds up do not hold up reads, nor anything else here', async () => {
    const { store, path } = open()
    await store.users.create(user(1))
    const holder = new DatabaseSync(path)
    holder.exec('BEGIN IMMEDIATE')
    let written = false
    const writing = store.users.create(user(2)).then(() => {
      written = true
    })
    for (const _ of count(20)) {
      expect(await store.users.find('user-1')).toMatchObject({ id: 'user-1' })
      await new Promise((turn) => setImmediate(turn))
    }
    expect(written).toBe(false)
    holder.exec('ROLLBACK')
    holder.close()
    await writing
    expect(await store.users.find('user-2')).toMatchObject({ id: 'user-2' })
  })

  it('of a method that is listed as a read are refused by SQLite itself', async () => {
    const reader = openReader(newPath(), 0)
    const stores = createStores(reader, createTestClock())
    await expect(stores.users.create(user(1))).rejects.toThrow(UNAVAILABLE)
    expect(await stores.users.find('user-1')).toBeNull()
    reader.close()
  })

  it('past 4,096 that wait are refused at once, and those before are written', async () => {
    const { store } = open()
    const calls = count(5000).map((n) => store.users.create(user(n)))
    const answers = await Promise.allSettled(calls)
    expect(answers.slice(0, 4096).every(({ status }) => status === 'fulfilled')).toBe(true)
    expect(answers.slice(4096)).toEqual(Array(904).fill({ status: 'rejected', reason: UNAVAILABLE }))
    expect(await store.users.create(user(4999))).toMatchObject({ ok: true })
  })

  it('that come from four processes without a pause are all done', async () => {
    const { store, path } = open()
    const answers = await raceProcesses(
      4,
      `import { openSqlite } from 'lockjar/sqlite'
       const clock = { now: () => Date.now(), monotonic: () => 0, every: () => () => {} }
       const store = openSqlite(${JSON.stringify(path)}, clock)`,
      `const user = (n) => ({ id: process.pid + '-' + n, email: 'a', emailKey: process.pid + '-' + n, username: null,
         usernameKey: null, name: null, passwordHash: null, roles: [] })
       let n = 0, done = 0
       await Promise.all(Array.from({ length: 10 }, async () => {
         while (n < 300) if ((await store.users.create(user(n++))).ok) done++
       }))
       await store.close()
       process.stdout.write(String(done))`,
    )
    expect(answers).toEqual(['300', '300', '300', '300'])
    await store.users.create(user(1))
  })
})

describe('a store that closes', () => {
  it('finishes what it accepted, and accepts no more', async () => {
    const { store, path } = open()
    const accepted = Promise.all(count(1000).map((n) => store.users.create(user(n))))
    const closing = store.close()
    await expect(store.users.create(user(1000))).rejects.toThrow(UNAVAILABLE)
    await closing
    await expect(store.users.create(user(1000))).rejects.toThrow('The store is closed.')
    expect((await accepted).every(({ ok }) => ok)).toBe(true)
    const database = new DatabaseSync(path)
    expect(database.prepare('SELECT count(*) AS n FROM lockjar_users').get()).toEqual({ n: 1000 })
    database.close()
  })

  it('may be closed twice', async () => {
    const writer = createWriter({
      startThread: () => startWriterThread(newPath()),
      clock: createTestClock(),
    })
    await Promise.all([writer.close(), writer.close()])
  })
})

describe('a process', () => {
  const setup = (path: string) => `
    import { openSqlite } from 'lockjar/sqlite'
    const clock = { now: () => Date.now(), monotonic: () => 0, every: () => () => {} }
    const store = openSqlite(${JSON.stringify(path)}, clock)`

  it('is not kept alive by a writer that has nothing to do, before its first write and after', async () => {
    expect(await raceProcesses(1, setup(newPath()), '')).toEqual([''])
    const after = "process.stdout.write(String(await store.users.delete('nobody')))"
    expect(await raceProcesses(1, setup(newPath()), after)).toEqual(['false'])
  })

  it('is kept alive until what it asked to be written is written', async () => {
    const act = `store.users.delete('nobody').then((gone) => process.stdout.write(String(gone)))`
    expect(await raceProcesses(1, setup(newPath()), act)).toEqual(['false'])
  })
})

describe('a writer thread', () => {
  it('that dies fails what it held as unavailable, and the next write starts another', async () => {
    const { users, threads } = openWithThreads(startWriterThread)
    await users.create(user(0))
    const held = Promise.allSettled(count(500).map((n) => users.create(user(n + 1))))
    await threads[0]?.terminate()
    const answers = await held
    expect(answers.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
    for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toEqual(UNAVAILABLE)
    // What was acknowledged is there; of the rest nobody knows.
    for (const [n, { status }] of answers.entries())
      if (status === 'fulfilled') expect(await users.find(`user-${n + 1}`)).not.toBeNull()
    expect(await users.create(user(1000))).toMatchObject({ ok: true })
    expect(threads).toHaveLength(2)
  })

  it('that cannot begin fails the write with the reason, and a later one tries anew', async () => {
    let broken = true
    const { users } = openWithThreads((path) =>
      broken
        ? new Worker('throw new Error("no room for a thread")', { eval: true })
        : startWriterThread(path),
    )
    const failed = await users.create(user(1)).catch((error: unknown) => error)
    expect(failed).toEqual(UNAVAILABLE)
    expect((failed as Error).cause).toMatchObject({ message: 'no room for a thread' })
    broken = false
    expect(await users.create(user(1))).toMatchObject({ ok: true })
  })

  it('whose disk is full answers unavailable, loses nothing that it acknowledged, and reads go on', async () => {
    const disk = { pages: 60 }
    const { users, path } = openWithThreads(
      (path) =>
        new Worker(new URL('./small-disk.ts', import.meta.url), { workerData: { path, pages: disk.pages } }),
    )
    const wide = (n: number): NewUser => ({ ...user(n), name: 'x'.repeat(2000) })
    const answers = await Promise.allSettled(count(200).map((n) => users.create(wide(n))))
    const refused = answers.filter(({ status }) => status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused).toEqual(Array(refused.length).fill({ status: 'rejected', reason: UNAVAILABLE }))
    const later = await Promise.allSettled([users.create(wide(200)), users.delete('user-0')])
    const database = new DatabaseSync(path)
    const present = new Set(
      database
        .prepare('SELECT id FROM lockjar_users')
        .all()
        .map(({ id }) => id),
    )
    database.close()
    const acknowledged = answers.flatMap(({ status }, n) => (status === 'fulfilled' ? [`user-${n}`] : []))
    if (later[1].status === 'fulfilled' && later[1].value) acknowledged.shift()
    expect(present).toEqual(new Set(acknowledged))
    for (const id of acknowledged) expect((await users.find(id))?.id).toBe(id)
  })
})
