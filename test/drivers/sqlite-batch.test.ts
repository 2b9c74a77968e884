// Do commands share a commit, and nothing else?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import type { Compilable } from 'kysely'
import { CompiledQuery } from 'kysely'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { runBatch } from '../../src/drivers/sqlite/batch.ts'
import type { Connection } from '../../src/drivers/sqlite/connection.ts'
import { openConnection, uniqueViolation } from '../../src/drivers/sqlite/connection.ts'
import { serveCommands } from '../../src/drivers/sqlite/serve-commands.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-batch-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
let path: string
let connection: Connection

const raw = (sql: string): Compilable<Record<string, unknown>> => {
  const compiled = CompiledQuery.raw(sql)
  return { compile: () => compiled }
}
const insert = (n: number) => async (): Promise<string> => {
  connection.run(raw(`INSERT INTO t VALUES (${n}, hex(randomblob(1000)))`))
  return `row ${n}`
}
/** What another connection sees: what is committed. */
const committed = (): readonly unknown[] => {
  const other = openConnection(path)
  const rows = other.all(raw('SELECT n FROM t ORDER BY n')).map(({ n }) => n)
  other.close()
  return rows
}
const UNAVAILABLE = {
  error: expect.objectContaining({
    code: 'unavailable',
    status: 503,
    facts: expect.objectContaining({ retryAfter: 1 }),
  }),
}

beforeEach(() => {
  path = join(folder, `${files++}.db`)
  connection = openConnection(path)
  connection.run(raw('CREATE TABLE t (n INTEGER UNIQUE, text TEXT)'))
  return () => connection.close()
})

describe('a batch of commands', () => {
  it('is one commit, in which each has its answer in its place', async () => {
    const other = openConnection(path)
    const before = other.dataVersion()
    expect(await runBatch(connection, [insert(2), insert(1), insert(3)])).toEqual([
      { value: 'row 2' },
      { value: 'row 1' },
      { value: 'row 3' },
    ])
    expect(other.dataVersion()).toBe(before + 1)
    expect(committed()).toEqual([1, 2, 3])
    other.close()
  })

  it('keeps the others when one throws after it has written', async () => {
    const failing = async (): Promise<string> => {
      await insert(2)()
      throw new Error('on the way')
    }
    const failsAfterWriting = async (): Promise<string> => {
      connection.run(raw('INSERT INTO t VALUES (4, NULL)'))
      throw new Error('on the way')
    }
    const answers = await runBatch(connection, [insert(1), failsAfterWriting, insert(3), failing])
    expect(answers.map((answer) => 'value' in answer)).toEqual([true, false, true, false])
    expect(answers[1]).toEqual({ error: new Error('on the way') })
    expect(committed()).toEqual([1, 3])
  })

  it('keeps the others when one is refused by a unique index', async () => {
    const answers = await runBatch(connection, [insert(1), insert(1), insert(2)])
    expect(uniqueViolation(answers[1] && 'error' in answers[1] && answers[1].error)).toBe('n')
    expect([answers[0], answers[2]]).toEqual([{ value: 'row 1' }, { value: 'row 2' }])
    expect(committed()).toEqual([1, 2])
  })

  it('holds commands whose own transaction fails and who go on without it', async () => {
    const recovering = async (): Promise<string> => {
      connection.run(raw('INSERT INTO t VALUES (1, NULL)'))
      try {
        connection.transaction(() => {
          connection.run(raw('INSERT INTO t VALUES (2, NULL)'))
          throw new Error('the inner one')
        })
      } catch {}
      return 'gone on'
    }
    expect(await runBatch(connection, [recovering, insert(3)])).toEqual([
      { value: 'gone on' },
      { value: 'row 3' },
    ])
    expect(committed()).toEqual([1, 3])
  })

  it('is refused as a whole where SQLite ended the transaction, and nothing of it is left', async () => {
    const ending = async (): Promise<void> => {
      connection.run(raw('ROLLBACK'))
    }
    const quiet = async (): Promise<void> => {
      await ending().catch(() => {})
    }
    for (const fatal of [ending, quiet]) {
      expect(await runBatch<unknown>(connection, [insert(1), fatal, insert(2)])).toEqual(
        Array(3).fill(UNAVAILABLE),
      )
      expect(committed()).toEqual([])
    }
    expect(await runBatch(connection, [insert(1)])).toEqual([{ value: 'row 1' }])
  })

  it('on a full disk is refused as a whole or only where it did not fit; what is acknowledged is there', async () => {
    connection.all(raw('PRAGMA max_page_count = 20'))
    const commands = Array.from({ length: 60 }, (_, n) => insert(n))
    const answers = [
      ...(await runBatch(connection, commands.slice(0, 10))),
      ...(await runBatch(connection, commands.slice(10))),
    ]
    const acknowledged = answers.flatMap((answer, n) => ('value' in answer ? [n] : []))
    expect(answers).toContainEqual(UNAVAILABLE)
    expect(committed()).toEqual(acknowledged)
    connection.all(raw('PRAGMA max_page_count = 1000'))
    expect(await runBatch(connection, [insert(100)])).toEqual([{ value: 'row 100' }])
  })

  it('is refused as a whole while another process holds the lock for too long, and does not wait for ever', async () => {
    const other = openConnection(path)
    const block = other.begin()
    connection.allowReadsOnly() // its patience is short
    const never = { ...UNAVAILABLE, begun: false }
    expect(await runBatch(connection, [insert(1), insert(2)])).toEqual([never, never])
    block.undo()
    other.close()
  })

  it('holds no transaction for a command that waits: it is refused, and the others are kept', async () => {
    const waits = async (): Promise<string> => {
      connection.run(raw('INSERT INTO t VALUES (2, NULL)'))
      await Promise.resolve()
      return 'late'
    }
    const waitsAndFails = async (): Promise<string> => {
      await Promise.resolve()
      throw new Error('late')
    }
    const answers = await runBatch(connection, [insert(1), waits, waitsAndFails, insert(3)])
    expect(answers.map((answer) => ('value' in answer ? answer.value : String(answer.error)))).toEqual([
      'row 1',
      'TypeError: lockjar: the body of a SQLite command must not wait',
      'TypeError: lockjar: the body of a SQLite command must not wait',
      'row 3',
    ])
    expect(committed()).toEqual([1, 3])
  })
})

describe('commands that are queued while another process holds the lock for too long', () => {
  it('are refused together with those that waited for it, in whichever batch they would have been', async () => {
    const other = openConnection(path)
    const block = other.begin()
    connection.allowReadsOnly() // its patience is short
    const { port1, port2 } = new MessageChannel()
    for (let id = 0; id < 600; id++) {
      port1.postMessage({ id, part: 'sessions', method: 'prune', args: [1], now: 0 })
    }
    const answered = new Promise<readonly { readonly refusal?: object }[]>((resolve) => {
      port1.on('message', resolve)
    })
    serveCommands(port2, connection)
    const answers = await answered
    expect(answers).toHaveLength(600)
    expect(new Set(answers.map(({ refusal }) => refusal && 'code' in refusal && refusal.code))).toEqual(
      new Set(['unavailable']),
    )
    port1.close()
    block.undo()
    other.close()
  })
})
