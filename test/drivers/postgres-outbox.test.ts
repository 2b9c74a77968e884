// Does each mail in the outbox go to one node, and does nobody wait for a mail that somebody else has?
import { beforeEach, describe, expect, it } from 'vitest'
import { startNodes } from '../support/postgres-nodes.ts'

const { node, atOnce, client, waiters, startAnew } = startNodes()

const HOUR = 3_600_000
const row = (n: number, endsAt = Number.MAX_SAFE_INTEGER) => ({ id: `row-${n}`, sealed: 'sealed', endsAt })

async function countRows(): Promise<number | undefined> {
  const { rows } = await client().query<{ rows: number }>('select count(*)::int as rows from lockjar_outbox')
  return rows[0]?.rows
}

describe('the outbox', () => {
  beforeEach(startAnew)

  it('gives each row to one of many nodes that claim at once', async () => {
    await atOnce(100, (store, n) => store.outbox.add(row(n), 1000))
    const claimed = await atOnce(30, (store) => store.outbox.claim(7, HOUR))
    const ids = claimed.flat().map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length + (await node(0).outbox.claim(1000, HOUR)).length).toBe(100)
  })

  it('gives the others to whoever claims while some are held, at once', async () => {
    for (let n = 0; n < 4; n++) await node(0).outbox.add(row(n), 1000)
    await client().query("begin; select from lockjar_outbox where id in ('row-0', 'row-2') for update")
    const claimed = await node(1).outbox.claim(10, HOUR)
    expect(claimed.map(({ id }) => id)).toEqual(['row-1', 'row-3'])
    await client().query('rollback')
  })

  it('takes no more than its bound from one node, whatever comes at once', async () => {
    const added = await Promise.all(Array.from({ length: 300 }, (_, n) => node(0).outbox.add(row(n), 200)))
    expect(added.filter((isAdded) => isAdded)).toHaveLength(200)
    expect(await countRows()).toBe(200)
  })

  it('counts what another node is just adding', async () => {
    for (const n of [1, 2]) await node(0).outbox.add(row(n), 3)
    await client().query("begin; select lockjar_add_mail('row-3', 'sealed', 0, 1e15::bigint, 3)")
    const adding = node(1).outbox.add(row(4), 3)
    await Promise.race([adding, waiters()])
    await client().query('commit')
    expect([await adding, await countRows()]).toEqual([false, 3])
  })

  it('takes from several nodes hardly more: from each what it may add without counting', async () => {
    const added = await atOnce(400, (store, n) => store.outbox.add(row(n), 200))
    const rows = await countRows()
    expect(added.filter((isAdded) => isAdded)).toHaveLength(rows ?? 0)
    expect(rows).toBeGreaterThanOrEqual(200)
    expect(rows).toBeLessThanOrEqual(200 + 3 * Math.floor(200 / 64))
  })

  it('keeps what is being sent just now from whoever removes old mails', async () => {
    for (let n = 0; n < 3; n++) await node(0).outbox.add(row(n, 0), 1000)
    await client().query("begin; select from lockjar_outbox where id = 'row-1' for update")
    expect(await node(1).outbox.prune(10)).toBe(2)
    await client().query('rollback')
    expect(await node(1).outbox.prune(10)).toBe(1)
  })
})

describe('known networks', () => {
  it('are 50 of a user with those that another node is just remembering', async () => {
    for (let n = 0; n < 50; n++) await node(n).knownNetworks.remember('user-1', `network-${n}`)
    await client().query("begin; select lockjar_remember_network('user-1', 'work', 1e15::bigint, 50)")
    const remembering = node(1).knownNetworks.remember('user-1', 'home')
    await Promise.race([remembering, waiters()])
    await client().query('commit')
    await remembering
    const { rows } = await client().query('select from lockjar_known_networks')
    expect(rows).toHaveLength(50)
  })

  it('are 50 of a user, however many are remembered at once', async () => {
    for (const round of [1, 2]) {
      await atOnce(70, (store, n) => store.knownNetworks.remember('user-1', `network-${round}-${n}`))
      const { rows } = await client().query('select from lockjar_known_networks')
      expect(rows).toHaveLength(50)
    }
  })

  it('that are being remembered just now are passed over by whoever removes old ones', async () => {
    for (const network of ['home', 'work']) await node(0).knownNetworks.remember('user-1', network)
    await client().query('update lockjar_known_networks set seen_at = 0')
    await client().query(
      "begin; update lockjar_known_networks set seen_at = 1e13 where network_hash = 'home'",
    )
    expect(await node(1).knownNetworks.prune(10)).toBe(1)
    await client().query('commit')
    expect(await node(1).knownNetworks.prune(10)).toBe(0)
  })
})

describe('one-time tokens', () => {
  it('that somebody is using just now are passed over by whoever removes old ones', async () => {
    for (const tokenHash of ['held', 'other']) {
      const about = { userId: 'user-1', emailKey: '1@example.com', newEmail: null, pending: null }
      await node(0).oneTimeTokens.issue({
        tokenHash,
        purpose: 'verify-email',
        ...about,
        lifetime: 0,
        most: 9,
      })
    }
    await client().query("begin; select from lockjar_one_time_tokens where token_hash = 'held' for update")
    expect(await node(1).oneTimeTokens.prune(10)).toBe(1)
    await client().query('rollback')
    expect(await node(1).oneTimeTokens.prune(10)).toBe(1)
  })
})
