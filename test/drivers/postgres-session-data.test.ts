// Is session data whole, and within its limits, whoever else is at the container on other nodes?
import { describe, expect, it } from 'vitest'
import { MOST_KEYS } from '../../src/core/session-data/container.ts'
import type { SessionDataStore } from '../../src/ports/session-data-store.ts'
import { startNodes } from '../support/postgres-nodes.ts'

const { node, atOnce, client } = startNodes()

const IDLE = 60_000
const visitor = (idHash: string) => ({ idHash, sessionId: null })
const put = (data: SessionDataStore, idHash: string, key: string) =>
  data.write({ ...visitor(idHash), key, json: '1', idleTimeout: IDLE })
const begin = (idHash: string) =>
  node(0).sessionData.begin({ ...visitor(idHash), key: 'first', json: '1', idleTimeout: IDLE })
const keysOf = async (idHash: string): Promise<readonly string[] | undefined> =>
  (await node(0).sessionData.read(visitor(idHash)))?.entries.map(([key]) => key)

/** Data that belongs to no container that is open. */
async function countLost(): Promise<number | undefined> {
  const { rows } = await client().query<{ lost: number }>(
    `select count(*)::int as lost from lockjar_session_data
     where id_hash not in (select id_hash from lockjar_containers where ended_at is null)`,
  )
  return rows[0]?.lost
}

describe('a container of session data', () => {
  it('takes as many keys as it may hold from many who write at once, and tells the others', async () => {
    await begin('c')
    const verdicts = await atOnce(MOST_KEYS + 20, (store, n) => put(store.sessionData, 'c', `key ${n}`))
    expect(verdicts.filter((verdict) => verdict === 'done')).toHaveLength(MOST_KEYS - 1)
    expect(verdicts.filter((verdict) => verdict === 'too_many_keys')).toHaveLength(21)
    expect(await keysOf('c')).toHaveLength(MOST_KEYS)
  })

  it('that goes over to another id takes along each write that was done; the others learn that it ended', async () => {
    for (let round = 0; round < 10; round++) {
      const [from, to] = [`from ${round}`, `to ${round}`]
      await begin(from)
      const writing = atOnce(12, (store, n) => put(store.sessionData, from, `key ${n}`))
      const rotating = atOnce(3, (store, n) =>
        store.sessionData.rotate({ ...visitor(from), to: `${to} ${n}` }),
      )
      const [verdicts, rotations] = await Promise.all([writing, rotating])
      expect(rotations.toSorted()).toEqual(['done', 'ended', 'ended'])
      const done = verdicts.flatMap((verdict, n) => (verdict === 'done' ? [`key ${n}`] : []))
      const kept = (await keysOf(`${to} ${rotations.indexOf('done')}`)) ?? []
      expect(kept.toSorted()).toEqual(['first', ...done].toSorted())
      expect(verdicts.every((verdict) => verdict === 'done' || verdict === 'ended')).toBe(true)
    }
    expect(await countLost()).toBe(0)
  })

  it('that ends while others write to it leaves nothing behind', async () => {
    for (let round = 0; round < 10; round++) {
      const id = `c ${round}`
      await begin(id)
      const [verdicts] = await Promise.all([
        atOnce(9, (store, n) => put(store.sessionData, id, `key ${n}`)),
        node(round).sessionData.end(id),
        node(round + 1).sessionData.adopt({
          from: id,
          to: `${id}'`,
          sessionId: 's',
          userId: 'u',
          idleTimeout: IDLE,
        }),
      ])
      expect(verdicts.every((verdict) => verdict === 'done' || verdict === 'ended')).toBe(true)
    }
    expect(await countLost()).toBe(0)
  })

  it('is read with all of its entries, or as one that is not there, while it goes from id to id', async () => {
    await begin('c 0')
    await put(node(0).sessionData, 'c 0', 'second')
    let at = 0
    const rotating = (async () => {
      for (; at < 40; at++)
        expect(await node(0).sessionData.rotate({ ...visitor(`c ${at}`), to: `c ${at + 1}` })).toBe('done')
    })()
    let reads = 0
    while (at < 40) {
      const id = at
      const found = await Promise.all([id, id + 1].map((n) => node(n).sessionData.read(visitor(`c ${n}`))))
      for (const each of found)
        if (each) expect(each.entries.map(([key]) => key)).toEqual(['first', 'second'])
      reads += found.filter((each) => each !== null).length
    }
    await rotating
    expect(reads).toBeGreaterThan(0)
  })

  it('that somebody is writing to is passed over by whoever removes old ones', async () => {
    for (const id of ['held', 'other'])
      await node(0).sessionData.begin({ ...visitor(id), key: 'a', json: '1', idleTimeout: -2 * IDLE })
    await client().query("begin; select from lockjar_containers where id_hash = 'held' for update")
    expect(await node(1).sessionData.prune(10)).toBe(1)
    await client().query('rollback')
    expect(await node(1).sessionData.prune(10)).toBe(1)
  })
})
