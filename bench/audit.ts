// What does the audit log cost: a row, a verified row, and a sign-in that waits for its row?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditEntry, AuditLog, Store } from 'lockjar'
import { createAuth } from 'lockjar'
import { openSqlite } from 'lockjar/sqlite'
import { systemClock } from '../src/drivers/node/clock.ts'
import { PASSWORD, SECRET } from '../test/support/auth.ts'
import { TestBrowser } from '../test/support/browser.ts'
import type { Report } from './report.ts'
import { milliseconds, perSecond, quantile, ratio } from './report.ts'

const BATCH = 256
const BATCHES = 400
const ALONE = 500
const SIGN_INS = 300
const BASE = 'http://localhost:3000'
const KEY = { id: 'kid-0001', bytes: new Uint8Array(32).fill(7) }
const QUIET = { info: () => {}, warn: () => {}, error: () => {} }

const ENTRY: AuditEntry = {
  at: Date.UTC(2026, 0, 1),
  event: 'session.created',
  user: '01999999-1234-7abc-8def-0123456789ab',
  actor: null,
  session: '01999999-1234-7abc-8def-0123456789ac',
  ip: '192.0.2.1',
  userAgent:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
  details: '{"remember":false,"amr":"pwd"}',
}

export async function measureAudit(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-bench-'))
  try {
    const { audit, close } = openSqlite(join(folder, 'rows.db'), systemClock)
    const alone = await timed(async () => {
      for (let n = 0; n < ALONE; n++) await audit.append([ENTRY], KEY)
    })
    const batched = await timed(async () => {
      for (let n = 0; n < BATCHES; n++) await audit.append(Array(BATCH).fill(ENTRY), KEY)
    })
    await close()
    const verified = await measureVerify(join(folder, 'verify.db'))
    const [waiting, not] = await measureSignIns(folder)
    return {
      title: 'Audit log on SQLite, in a file',
      rows: [
        ['rows appended one by one', perSecond(ALONE / alone)],
        [`rows appended ${BATCH} at a time`, perSecond((BATCHES * BATCH) / batched)],
        ['rows verified', perSecond(verified)],
        ['sign-in, p50, with the audit row', milliseconds(quantile(waiting, 0.5))],
        ['sign-in, p50, with an audit log that does nothing', milliseconds(quantile(not, 0.5))],
        ['ratio of the two', ratio(quantile(waiting, 0.5) / quantile(not, 0.5))],
      ],
      notes: [
        'One by one: each append waits for its commit, so this is the speed of the disk.',
        `Sign-ins one after the other, ${SIGN_INS} of each by turns, Argon2id at the default cost.`,
      ],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Rows per second. */
async function measureVerify(path: string): Promise<number> {
  const auth = await createAuth({ baseURL: BASE, secret: SECRET, database: `sqlite:${path}`, logger: QUIET })
  await auth.close()
  // Under the key that the secret gives, so that it is whole.
  const { deriveAuditKeys } = await import('../src/core/audit/keys.ts')
  const { current } = await deriveAuditKeys([new Uint8Array(Buffer.from(SECRET, 'base64url'))])
  const store = openSqlite(path, systemClock)
  for (let n = 0; n < BATCHES; n++) await store.audit.append(Array(BATCH).fill(ENTRY), current)
  const reading = await createAuth({ baseURL: BASE, secret: SECRET, database: store, logger: QUIET })
  let rows = 0
  const seconds = await timed(async () => {
    const verdict = await reading.audit.verify()
    if (!verdict.ok) throw new Error(`not whole: ${verdict.broken.kind}`)
    rows = verdict.rows
  })
  await reading.close()
  return rows / seconds
}

/** Milliseconds of each, by turns, so that what else the machine does meets both. */
async function measureSignIns(folder: string): Promise<readonly [readonly number[], readonly number[]]> {
  const idle: AuditLog['append'] = async () => ({ id: 0, hash: '' })
  const worlds = await Promise.all(
    [(store: Store) => store, (store: Store) => ({ ...store, audit: { ...store.audit, append: idle } })].map(
      async (change, at) => {
        const store = openSqlite(join(folder, `sign-in-${at}.db`), systemClock)
        const auth = await createAuth({
          baseURL: BASE,
          secret: SECRET,
          rateLimits: 'off',
          database: change(store),
          logger: QUIET,
        })
        const body = { email: 'ada@example.com', password: PASSWORD }
        await new TestBrowser(auth.handler, BASE).post('/auth/register', body)
        return { auth, body, times: [] as number[] }
      },
    ),
  )
  for (let n = 0; n < SIGN_INS; n++) {
    for (const { auth, body, times } of worlds) {
      const browser = new TestBrowser(auth.handler, BASE)
      const began = performance.now()
      const { status } = await browser.post('/auth/login', body)
      times.push(performance.now() - began)
      if (status !== 200) throw new Error(`status ${status}`)
    }
  }
  for (const { auth } of worlds) await auth.close()
  return [worlds[0]?.times ?? [], worlds[1]?.times ?? []]
}

/** Seconds. */
async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
