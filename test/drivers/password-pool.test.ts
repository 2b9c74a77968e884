// Are passwords hashed right, within bounds, and without taking the processor from requests?
import { argon2Sync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, getPriority } from 'node:os'
import { Worker } from 'node:worker_threads'
import { createAuth } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Argon2Cost } from '../../src/core/password/kdf.ts'
import { parseArgon2 } from '../../src/core/password/phc.ts'
import { createPasswordPool } from '../../src/drivers/node/password-pool.ts'
import type { PasswordHasher } from '../../src/ports/password-hasher.ts'
import { PASSWORD, SECRET } from '../support/auth.ts'
import { createTestClock } from '../support/clock.ts'
import { naughtyStrings } from '../support/vectors.ts'
import { raceProcesses } from './processes.ts'

const CHEAP: Argon2Cost = { memory: 64, passes: 1, parallelism: 1 }
const WIDTH = Math.max(1, availableParallelism() - 1)
const unavailable = (retryAfter: unknown = expect.any(Number)) =>
  expect.objectContaining({ code: 'unavailable', facts: expect.objectContaining({ retryAfter }) })

const pools: PasswordHasher[] = []
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close()
})
function start(cost: Argon2Cost = CHEAP) {
  const clock = createTestClock()
  const pool = createPasswordPool(cost, clock)
  pools.push(pool)
  return { pool, clock }
}

describe('the password pool', () => {
  it('hashes as Argon2id does, with a fresh salt each time', async () => {
    const { pool } = start({ memory: 128, passes: 2, parallelism: 2 })
    const [one, other] = [await pool.hash('password', 'a'), await pool.hash('password', 'a')]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=128,t=2,p=2\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(one).not.toBe(other)
    const parsed = parseArgon2(one)
    const expected = argon2Sync('argon2id', {
      message: 'password',
      nonce: parsed?.kdf.salt ?? new Uint8Array(16),
      tagLength: 32,
      memory: 128,
      passes: 2,
      parallelism: 2,
    })
    expect(Buffer.from(parsed?.expected ?? [])).toEqual(Buffer.from(expected))
  })

  it('verifies the password exactly as received', async () => {
    const { pool } = start()
    const hash = await pool.hash('pässword\0 ☃', 'a')
    expect(await pool.verify('pässword\0 ☃', hash, 'a')).toEqual({ ok: true, mustRehash: false })
    for (const other of [
      '',
      'pässword',
      'pa\u0308ssword\0 ☃',
      'pässword\0 ☃ ',
      'PÄSSWORD\0 ☃',
      'pässword\0',
    ]) {
      expect(await pool.verify(other, hash, 'a')).toEqual({ ok: false, mustRehash: false })
    }
  })

  it('takes any text for a password', async () => {
    const { pool } = start()
    const texts = naughtyStrings()
      .filter((text) => text.isWellFormed())
      .slice(0, 60)
    for (const text of texts) expect((await pool.verify(text, await pool.hash(text, 'a'), 'a')).ok).toBe(true)
  })

  it('says which right password has a weaker hash than one made now', async () => {
    const hash = await start().pool.hash('password', 'a')
    const { pool } = start({ ...CHEAP, passes: 2 })
    expect(await pool.verify('password', hash, 'a')).toEqual({ ok: true, mustRehash: true })
    expect(await pool.verify('other', hash, 'a')).toEqual({ ok: false, mustRehash: false })
  })

  it.each([
    '',
    'password',
    'pbkdf2_sha256$870000$salt$hash',
    '$argon2id$v=19$m=64,t=1,p=1$$',
    '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b6dOSRJPS1Iy/xvYY1mIYBYuE',
    '$argon2id$v=19$m=7,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b6dOSRJPS1Iy/xvYY1mIYBYuEs',
    '$argon2id$v=19$m=64,t=0,p=0$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b6dOSRJPS1Iy/xvYY1mIYBYuEs',
  ])('finds no password right against the damaged hash %j', async (hash) => {
    const { pool } = start()
    expect(await pool.verify('password', hash, 'a')).toEqual({ ok: false, mustRehash: false })
    expect(await pool.verify('', hash, 'a')).toEqual({ ok: false, mustRehash: false })
  })

  it('spends its time on a user who does not exist', async () => {
    const { pool } = start()
    await expect(pool.verifyAbsent('password', 'a')).resolves.toBeUndefined()
  })

  it('holds four seconds of what its own threads can do, however many cores there are', async () => {
    const threads = WIDTH + 2
    const pool = createPasswordPool(CHEAP, createTestClock(), [], threads)
    pools.push(pool)
    const asked = Array.from({ length: 200 * threads }, () => pool.verifyAbsent('password', 'a'))
    const answers = await Promise.allSettled(asked)
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(threads + 80 * threads + 1)
  })
})

it('a wrong password costs the same work whether the hash is new, old and cheaper, damaged, or of nobody', async () => {
  interface Posted {
    readonly memory: number
    readonly passes: number
  }
  const posted: Posted[] = []
  const post = vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (
    this: Worker,
    job: unknown,
  ) {
    posted.push((job as { kdf: Posted }).kdf)
    this.emit('message', { hash: new Uint8Array(32) })
  })
  try {
    const { pool } = start({ memory: 256, passes: 3, parallelism: 1 })
    const phc = (memory: number, passes: number) =>
      `$argon2id$v=19$m=${memory},t=${passes},p=1$${'A'.repeat(22)}$${'A'.repeat(42)}E`
    const work = async (run: () => Promise<unknown>): Promise<number> => {
      posted.length = 0
      await run()
      return posted.reduce((sum, { memory, passes }) => sum + memory * passes, 0)
    }
    const absent = await work(() => pool.verifyAbsent('password', 'a'))
    expect(absent).toBe(256 * 3)
    for (const hash of [phc(256, 3), phc(64, 2), phc(128, 1), 'damaged']) {
      expect(Math.abs((await work(() => pool.verify('password', hash, 'a'))) - absent), hash).toBeLessThan(3)
    }
  } finally {
    post.mockRestore()
  }
})

describe('the queue of the password pool', () => {
  it('refuses at once what would wait longer than four seconds, and serves all others', async () => {
    const { pool } = start()
    const asked = Array.from({ length: 200 * WIDTH }, () => pool.verifyAbsent('password', 'a'))
    const answers = await Promise.allSettled(asked)
    const refused = answers.filter(({ status }) => status === 'rejected')
    // Until it has measured, a job is taken for 50 ms: 4 s of each thread are 80 of them, and one more may come.
    expect(answers.length - refused.length).toBe(WIDTH + 80 * WIDTH + 1)
    for (const answer of refused) expect(answer).toMatchObject({ reason: unavailable(5) })
    await expect(pool.verifyAbsent('password', 'a')).resolves.toBeUndefined()
  })

  it('learns what a job costs, and lets a handful wait whatever that is', async () => {
    const { pool, clock } = start()
    const slow = pool.verifyAbsent('password', 'a')
    clock.advance(480_050)
    await slow
    // The estimate has moved an eighth of the way: 60,050 ms a job.
    const answers = await Promise.allSettled(
      Array.from({ length: WIDTH + 20 }, () => pool.verifyAbsent('x', 'a')),
    )
    const refused = answers.filter(({ status }) => status === 'rejected')
    expect(answers.length - refused.length).toBe(WIDTH + 8)
    const seconds = Math.ceil((8 * 60.05) / WIDTH)
    for (const answer of refused) expect(answer).toMatchObject({ reason: unavailable(seconds) })
  })

  it('serves each source in turn, so that one that floods waits behind itself', async () => {
    const { pool } = start()
    const order: string[] = []
    const ask = (source: string) => pool.verifyAbsent('password', source).then(() => order.push(source))
    const flood = Array.from({ length: 40 }, () => ask('flood'))
    await Promise.all([...flood, ask('quiet')])
    expect(order.indexOf('quiet')).toBeLessThanOrEqual(2 * WIDTH + 1)
  })

  it('is not filled by one source for all others: a newcomer takes the place of what the flood asked last', async () => {
    const { pool } = start()
    const flood = Array.from({ length: 200 * WIDTH }, () => pool.verifyAbsent('password', 'flood'))
    const quiet = Array.from({ length: 5 }, (_, index) => pool.verifyAbsent('password', `quiet${index}`))
    const answers = await Promise.allSettled(flood)
    expect((await Promise.allSettled(quiet)).map(({ status }) => status)).toEqual(
      Array.from(quiet, () => 'fulfilled'),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(WIDTH + 80 * WIDTH + 1 - 5)
  })

  it('gives up what waits for somebody who has gone, makes room for others, and finishes what has begun', async () => {
    const { pool } = start()
    const sender = new AbortController()
    const ask = (signal?: AbortSignal) => pool.verifyAbsent('password', 'a', signal)
    const begun = Array.from({ length: WIDTH }, () => ask(sender.signal))
    const waiting = Array.from({ length: 80 * WIDTH }, () => ask(sender.signal))
    sender.abort()
    const others = Array.from({ length: 80 * WIDTH }, () => ask())
    for (const answer of await Promise.allSettled(waiting))
      expect(answer).toMatchObject({ status: 'rejected', reason: unavailable(1) })
    for (const answer of await Promise.allSettled([...begun, ...others]))
      expect(answer.status).toBe('fulfilled')
    await expect(ask(sender.signal)).rejects.toEqual(unavailable(1))
    await expect(pool.hash('password', 'a', sender.signal)).rejects.toEqual(unavailable(1))
  })

  it('stands by a verdict that there is no room to spend more work on', async () => {
    const { pool, clock } = start({ memory: 256, passes: 1, parallelism: 1 })
    const cheap = `$argon2id$v=19$m=64,t=1,p=1$${'A'.repeat(22)}$${'A'.repeat(42)}E`
    const guess = pool.verify('password', cheap, 'a')
    // By the time it is judged, everything that may wait does.
    const crowd = Promise.allSettled(Array.from({ length: 200 * WIDTH }, () => pool.verifyAbsent('x', 'a')))
    clock.advance(480_050)
    await expect(guess).resolves.toEqual({ ok: false, mustRehash: false })
    await crowd
  })

  it('rejects what waits when it is closed, and whatever comes after', async () => {
    const { pool } = start({ memory: 19_456, passes: 2, parallelism: 1 })
    const asked = Promise.allSettled(
      Array.from({ length: WIDTH + 5 }, () => pool.verifyAbsent('password', 'a')),
    )
    await pool.close()
    const answers = await asked
    expect(answers.filter((answer) => answer.status === 'rejected').length).toBeGreaterThanOrEqual(5)
    for (const answer of answers) {
      if (answer.status === 'rejected') expect(answer.reason).toEqual(unavailable())
    }
    await expect(pool.hash('password', 'a')).rejects.toEqual(unavailable())
    await expect(pool.close()).resolves.toBeUndefined()
  })
})

describe.runIf(process.platform === 'linux')('on Linux', () => {
  /** Thread id -> nice value, the 19th field of proc_pid_stat(5). */
  const threads = (): ReadonlyMap<string, number> =>
    new Map(
      readdirSync('/proc/self/task').flatMap((id) => {
        const stat = readStat(id)
        return stat === null
          ? []
          : [[id, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])] as const]
      }),
    )
  function readStat(id: string): string | null {
    try {
      return readFileSync(`/proc/self/task/${id}/stat`, 'utf8')
    } catch {
      return null
    }
  }

  it('only the threads that hash have a lower priority', async () => {
    const before = threads()
    const { pool } = start()
    await Promise.all(Array.from({ length: WIDTH + 1 }, () => pool.hash('password', 'a')))
    const after = threads()
    const lowered = [...after].filter(([, nice]) => nice === 10).map(([id]) => id)
    expect(lowered).toHaveLength(WIDTH)
    for (const id of lowered) expect(before.has(id)).toBe(false)
    for (const [id, nice] of before) if (after.has(id)) expect(after.get(id)).toBe(nice)
    expect(getPriority()).toBe(before.get(String(process.pid)))
  })

  it('there are as many of them as `passwordThreads` says', async () => {
    const before = threads()
    const clock = createTestClock()
    const auth = await createAuth({
      baseURL: 'http://localhost:3000',
      secret: SECRET,
      database: openMemory(clock),
      clock,
      argon2: { memory: 64, passes: 1, parallelism: 1 },
      passwordThreads: WIDTH + 2,
    })
    const people = Array.from({ length: 2 * WIDTH + 4 }, (_, index) => `user${index}@example.com`)
    await Promise.all(people.map((email) => auth.users.create({ email, password: PASSWORD })))
    const begun = [...threads()].filter(([id, nice]) => nice === 10 && !before.has(id))
    await auth.close()
    expect(begun).toHaveLength(WIDTH + 2)
  })
})

it.each([[0], [1.5], [Number.NaN], [1025]])(
  '%d threads for passwords are refused',
  async (passwordThreads) => {
    const options = { baseURL: 'http://localhost:3000', secret: SECRET, passwordThreads }
    await expect(createAuth({ ...options, database: 'sqlite::memory:' })).rejects.toThrow(
      /^lockjar: option passwordThreads: .* is not a whole number from 1 to 1024$/,
    )
  },
)

it('passwords are hashed in a process that runs text of its command line, too', async () => {
  const [hash] = await raceProcesses(
    1,
    `import { createPasswordPool } from './src/drivers/node/password-pool.ts'
     const clock = { now: () => 0, monotonic: () => 0, every: () => () => {} }
     const pool = createPasswordPool({ memory: 64, passes: 1, parallelism: 1 }, clock)`,
    "process.stdout.write(await pool.hash('password', 'a'))",
  )
  expect(hash).toMatch(/^\$argon2id\$/)
})
