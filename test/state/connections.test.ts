// Does an open connection close when its session ends, however that becomes known, and never twice?
import { describe, expect, it } from 'vitest'
import type { Floor } from '../../src/core/revocation/floors.ts'
import { generationFloor, sessionFloors, userFloors } from '../../src/core/revocation/floors.ts'
import type { SessionRecord } from '../../src/core/session/session.ts'
import { createSession } from '../../src/core/session/session.ts'
import type { LogCursor } from '../../src/ports/revocation-log.ts'
import { createConnections } from '../../src/state/connections.ts'
import { createRevocations } from '../../src/state/revocations.ts'
import { createTestClock } from '../support/clock.ts'

const MINUTE = 60_000
const INTERVAL = 10 * MINUTE

/** Lets everything that is ready run, without a clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

async function start() {
  const clock = createTestClock()
  const lines: Floor[] = []
  const state = { failing: false, hanging: false }
  const log = {
    async read(after: LogCursor) {
      const page = { floors: lines.slice(Number(after ?? 0)), cursor: String(lines.length) }
      if (state.hanging) await new Promise(() => {})
      if (state.failing) throw new Error('the log is down')
      return page
    },
    async prune() {},
  }
  const rows = new Map<string, SessionRecord>()
  const asked: (readonly string[])[] = []
  const sessions = {
    failing: false,
    async findAll(ids: readonly string[]) {
      asked.push(ids)
      if (sessions.failing) throw new Error('the store is down')
      return { sessions: ids.flatMap((id) => rows.get(id) ?? []), now: clock.now() }
    },
  }
  const errors: string[] = []
  const logger = {
    info: () => {},
    warn: () => {},
    error: (_: unknown, message: string) => errors.push(message),
  }
  const revocations = await createRevocations({ log, clock, logger })
  const connections = createConnections({ revocations, sessions, clock, logger, interval: INTERVAL })

  /** A session with a row, and a connection of it; `closes` says how it was closed. */
  const open = (sid: string, change: { sub?: string; rev?: number; gen?: number } = {}) => {
    const owner = { sid, sub: 'ada', gen: 0, rev: 1, iat: Math.floor(clock.now() / 1000), ...change }
    if (!rows.has(sid)) {
      const made = {
        id: sid,
        nonceHash: 'n',
        userId: owner.sub,
        remember: false,
        carriage: 'cookie',
        amr: ['pwd'],
        ip: null,
        userAgent: null,
        idleTimeout: 60 * MINUTE,
        absoluteTimeout: 24 * 60 * MINUTE,
      } as const
      rows.set(sid, createSession(made, clock.now()))
    }
    const closes: (readonly [number, string])[] = []
    const release = connections.add(owner, { close: (code, reason) => closes.push([code, reason]) })
    return { closes, release, owner }
  }
  return { clock, lines, state, rows, asked, sessions, errors, revocations, connections, open }
}

const TRY_LATER = [[1013, 'unavailable']]
const REVOKED = [[4401, 'session_revoked']]

describe('an open connection', () => {
  it('closes when its session ends in this process, and no other does', async () => {
    const { clock, revocations, connections, open } = await start()
    const [first, second, other] = [open('s'), open('s'), open('t')]
    revocations.apply(sessionFloors(['s'], clock.now()))
    expect([first.closes, second.closes, other.closes]).toEqual([REVOKED, REVOKED, []])
    expect(connections.size).toBe(1)
  })

  it('closes when the poll reads that its session ended elsewhere', async () => {
    const { clock, lines, open } = await start()
    const { closes } = open('s')
    lines.push(...sessionFloors(['s'], clock.now()))
    clock.advance(1000)
    await settle()
    expect(closes).toEqual(REVOKED)
  })

  it('closes when the whole log is read again after an error, and after somebody set the clock', async () => {
    for (const trouble of ['error', 'step'] as const) {
      const { clock, lines, state, open } = await start()
      const { closes } = open('s')
      if (trouble === 'error') {
        state.failing = true
        clock.advance(1000)
        await settle()
        state.failing = false
      } else clock.step(3_600_000)
      lines.unshift(...sessionFloors(['s'], clock.now()))
      clock.advance(1000)
      await settle()
      expect(closes, trouble).toEqual(REVOKED)
    }
  })

  it('closes with token_expired when its user’s revision rises, so that the page refreshes and connects anew', async () => {
    const { clock, revocations, open } = await start()
    const [old, current, stranger] = [open('s'), open('t', { rev: 2 }), open('u', { sub: 'eve' })]
    revocations.apply(userFloors('ada', 2, [], clock.now()))
    expect(old.closes).toEqual([[4401, 'token_expired']])
    expect([current.closes, stranger.closes]).toEqual([[], []])
  })

  it('closes with session_revoked when everything of its user ends', async () => {
    const { clock, revocations, open } = await start()
    const { closes } = open('s')
    revocations.apply(userFloors('ada', 2, ['s'], clock.now()))
    expect(closes).toEqual(REVOKED)
    const deleted = open('t', { rev: 2 })
    revocations.apply(userFloors('ada', Number.POSITIVE_INFINITY, [], clock.now()))
    expect(deleted.closes).toEqual(REVOKED)
  })

  it('closes with token_expired under a floor for everybody, and when its token has a successor', async () => {
    const { clock, revocations, open } = await start()
    const [everybody, successor] = [open('s'), open('t')]
    revocations.apply(generationFloor('t', 1, clock.now()))
    expect([everybody.closes, successor.closes]).toEqual([[], [[4401, 'token_expired']]])
    clock.advance(1000)
    const later = open('u')
    revocations.apply([{ scope: '*', floor: later.owner.iat, expiresAt: clock.now() + MINUTE }])
    expect([everybody.closes, later.closes]).toEqual([[[4401, 'token_expired']], []])
  })

  it('is closed before add returns where its session ended since it was authenticated', async () => {
    const { clock, revocations, connections, open } = await start()
    revocations.apply(sessionFloors(['s'], clock.now()))
    revocations.apply(userFloors('ada', 2, [], clock.now()))
    expect(open('s').closes).toEqual(REVOKED)
    expect(open('t').closes).toEqual([[4401, 'token_expired']])
    expect(connections.size).toBe(0)
  })

  it('is told once, however often its end is told', async () => {
    const { clock, lines, revocations, open } = await start()
    const { closes, release } = open('s')
    const floors = sessionFloors(['s'], clock.now())
    lines.push(...floors)
    revocations.apply(floors)
    revocations.apply(sessionFloors(['s'], clock.now() + 1))
    clock.advance(1000)
    await settle()
    release()
    release()
    expect(closes).toEqual(REVOKED)
  })

  it('that has closed by itself is forgotten', async () => {
    const { clock, revocations, connections, open } = await start()
    const { closes, release } = open('s')
    release()
    expect(connections.size).toBe(0)
    revocations.apply(sessionFloors(['s'], clock.now()))
    expect(closes).toEqual([])
  })

  it('that another one lets go of while they close is not closed', async () => {
    const { clock, revocations, connections, open } = await start()
    let release = (): void => {}
    connections.add(open('s').owner, { close: () => release() })
    const other = open('s')
    release = other.release
    revocations.apply(sessionFloors(['s'], clock.now()))
    expect(other.closes).toEqual([])
    expect(connections.size).toBe(0)
  })

  it('that throws when it is closed keeps no other open, and is logged', async () => {
    const { clock, revocations, connections, errors, open } = await start()
    const owner = open('s').owner
    connections.add(owner, {
      close: () => {
        throw new Error('already gone')
      },
    })
    const last = open('s')
    revocations.apply(sessionFloors(['s'], clock.now()))
    expect(last.closes).toEqual(REVOKED)
    expect(errors).toEqual(['an open connection could not be closed'])
  })
})

describe('time', () => {
  it('closes what idled out, reached its absolute end or has no row, at the next look at the rows', async () => {
    const { clock, rows, open } = await start()
    const [idle, absolute, gone, revoked, live] = ['idle', 'absolute', 'gone', 'revoked', 'live'].map((id) =>
      open(id),
    )
    const change = (id: string, to: Partial<SessionRecord>) => {
      const row = rows.get(id)
      if (row) rows.set(id, { ...row, ...to })
    }
    change('idle', { idleExpiresAt: clock.now() + INTERVAL })
    change('absolute', { expiresAt: clock.now() + INTERVAL })
    change('revoked', { revokedAt: clock.now(), revokedReason: 'logout' })
    rows.delete('gone')
    clock.advance(INTERVAL)
    await settle()
    const ended = [[4401, 'unauthenticated']]
    expect([idle, absolute, gone, revoked, live].map((each) => each?.closes)).toEqual([
      ended,
      ended,
      ended,
      REVOKED,
      [],
    ])
  })

  it('costs one read of each session for an access lifetime, in batches, and none where nothing is open', async () => {
    const { clock, asked, open } = await start()
    clock.advance(INTERVAL)
    expect(asked).toEqual([])
    for (let n = 0; n < 501; n++) for (let twice = 0; twice < 2; twice++) open(`s${n}`)
    clock.advance(INTERVAL)
    await settle()
    expect(asked.map(({ length }) => length)).toEqual([500, 1])
    expect(new Set(asked.flat()).size).toBe(501)
  })

  it('closes nothing because rows cannot be read, and looks again', async () => {
    const { clock, rows, sessions, errors, open } = await start()
    const { closes } = open('s')
    rows.delete('s')
    sessions.failing = true
    clock.advance(INTERVAL)
    await settle()
    expect([closes, errors]).toEqual([[], ['sessions of open connections not read']])
    sessions.failing = false
    clock.advance(INTERVAL)
    await settle()
    expect(closes).toEqual([[4401, 'unauthenticated']])
  })
})

describe('while revocations cannot be read', () => {
  it.each(['failing', 'hanging'] as const)(
    '(%s) connections stay for ten seconds, and then close',
    async (how) => {
      const { clock, state, open, connections } = await start()
      const { closes } = open('s')
      state[how] = true
      for (let second = 0; second < 10; second++) {
        clock.advance(1000)
        await settle()
      }
      expect(closes).toEqual([])
      clock.advance(1000)
      await settle()
      clock.advance(1000)
      await settle()
      expect(closes).toEqual([[4401, 'unavailable']])
      expect(connections.size).toBe(0)
    },
  )

  it('a process that slept for an hour reads first, and closes nothing', async () => {
    const { clock, open } = await start()
    const { closes } = open('s')
    clock.advance(3_600_000 - 1)
    await settle()
    expect(closes).toEqual([])
  })
})

describe('bounds', () => {
  it('a session may have 100 open connections', async () => {
    const { open } = await start()
    const first = open('s')
    for (let n = 1; n < 100; n++) open('s')
    expect(open('s').closes).toEqual(TRY_LATER)
    expect(open('t').closes).toEqual([])
    first.release()
    expect(open('s').closes).toEqual([])
    expect(first.closes).toEqual([])
  })

  it('a process may have 100,000', async () => {
    const { connections, open } = await start()
    const { owner } = open('s0')
    for (let n = 1; n < 100_000; n++) connections.add({ ...owner, sid: `s${n >> 6}` }, { close: () => {} })
    expect(connections.size).toBe(100_000)
    expect(open('another').closes).toEqual(TRY_LATER)
    expect(connections.size).toBe(100_000)
  })
})

describe('a server that closes', () => {
  it('closes all connections with 1001, then and from then on', async () => {
    const { clock, revocations, connections, open } = await start()
    const [first, second] = [open('s'), open('t')]
    connections.close()
    const late = open('u')
    for (const { closes } of [first, second, late]) expect(closes).toEqual([[1001, 'unavailable']])
    revocations.apply(sessionFloors(['s'], clock.now()))
    clock.advance(INTERVAL)
    await settle()
    expect(first.closes).toHaveLength(1)
  })
})
