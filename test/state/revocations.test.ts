// Does a node know of every revocation in time, and accept nothing when it cannot know?
import { describe, expect, it, vi } from 'vitest'
import type { Floor } from '../../src/core/revocation/floors.ts'
import { sessionFloors } from '../../src/core/revocation/floors.ts'
import { AuthError } from '../../src/errors.ts'
import type { LogCursor, LogPage } from '../../src/ports/revocation-log.ts'
import { createRevocations } from '../../src/state/revocations.ts'
import { createTestClock } from '../support/clock.ts'

const UNAVAILABLE = expect.objectContaining({ name: 'AuthError', code: 'unavailable' })
const claims = (sid: string) => ({ sid, sub: 'user', gen: 0, rev: 0, iat: 0 })

/** A log that can fail, hang and be written to, and remembers how it was read. */
function createFakeLog() {
  const lines: Floor[] = []
  const log = {
    reads: [] as LogCursor[],
    failing: false,
    hanging: false,
    add: (...floors: readonly Floor[]) => lines.push(...floors),
    release: () => {},
    async read(after: LogCursor): Promise<LogPage> {
      log.reads.push(after)
      const page = { floors: lines.slice(Number(after ?? 0)), cursor: String(lines.length) }
      if (log.hanging) await new Promise<void>((resolve) => Object.assign(log, { release: resolve }))
      if (log.failing) throw new Error('the log is down')
      return page
    },
    async prune() {},
    hint: () => {},
    announced: 0,
    announce: () => {
      log.announced++
    },
    watch: (heard: () => void) => {
      log.hint = heard
      return () => Object.assign(log, { hint: () => {} })
    },
  }
  return log
}

/** Lets everything that is ready run, without a clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

async function start() {
  const clock = createTestClock()
  const log = createFakeLog()
  const errors: string[] = []
  const logger = {
    info: () => {},
    warn: () => {},
    error: (_: unknown, message: string) => errors.push(message),
  }
  const revocations = await createRevocations({ log, clock, logger })
  return { clock, log, errors, revocations }
}

describe('a node that starts', () => {
  it('reads the whole log first', async () => {
    const { log, revocations } = await start()
    expect(log.reads).toEqual([null])
    expect(revocations.ready()).toBeUndefined()
  })

  it('does not start when it cannot read the log', async () => {
    const log = createFakeLog()
    log.failing = true
    const logger = { info: () => {}, warn: () => {}, error: () => {} }
    await expect(createRevocations({ log, clock: createTestClock(), logger })).rejects.toThrow(UNAVAILABLE)
  })
})

describe('a node that revokes', () => {
  it('announces it, once for what one command wrote, and nothing where nothing ended', async () => {
    const { clock, log, revocations } = await start()
    revocations.apply([])
    expect(log.announced).toBe(0)
    revocations.apply(sessionFloors(['s', 't'], clock.now()))
    expect(log.announced).toBe(1)
  })

  it('does not announce what it has heard of', async () => {
    const { clock, log } = await start()
    log.add(...sessionFloors(['s'], clock.now()))
    log.hint()
    await settle()
    expect(log.announced).toBe(0)
  })
})

describe('a node that is given a hint', () => {
  it('reads once more after a read that was under way, for however many hints came meanwhile', async () => {
    const { log, clock } = await start()
    const every = vi.spyOn(clock, 'every')
    log.hanging = true
    log.hint()
    for (let n = 0; n < 100; n++) log.hint()
    expect(log.reads).toHaveLength(2)
    log.hanging = false
    log.release()
    await settle()
    expect(log.reads).toHaveLength(3)
    // One limit of time for each read, and not one for each hint.
    expect(every).toHaveBeenCalledTimes(2)
    log.hint()
    await settle()
    expect(log.reads).toHaveLength(4)
  })

  it('reads at once, and knows before the next poll', async () => {
    const { clock, log, revocations } = await start()
    log.add(...sessionFloors(['s'], clock.now()))
    log.hint()
    await settle()
    expect(log.reads).toEqual([null, '0'])
    expect(revocations.judge(claims('s'))).toBe('session_revoked')
  })

  it('during a read reads once more, for what came meanwhile has perhaps escaped it', async () => {
    const { clock, log, revocations } = await start()
    log.hanging = true
    log.hint()
    await settle()
    log.add(...sessionFloors(['s'], clock.now()))
    log.hint()
    log.hint()
    log.hanging = false
    log.release()
    await settle()
    expect(log.reads).toHaveLength(3)
    expect(revocations.judge(claims('s'))).toBe('session_revoked')
  })

  it('that cannot be followed says so, and goes on', async () => {
    const { clock, log, errors, revocations } = await start()
    log.failing = true
    log.hint()
    await settle()
    expect(errors).toEqual(['revocation log unreadable'])
    log.failing = false
    clock.advance(1000)
    await settle()
    expect(revocations.ready()).toBeUndefined()
  })

  it('after it has closed does nothing', async () => {
    const { log, revocations } = await start()
    revocations.close()
    log.hint()
    await settle()
    expect(log.reads).toEqual([null])
  })
})

describe('a node that runs', () => {
  it('reads what is new each second, and costs a request nothing', async () => {
    const { clock, log, revocations } = await start()
    log.add(...sessionFloors(['s'], clock.now()))
    expect(revocations.judge(claims('s'))).toBe('accepted')
    clock.advance(1000)
    await settle()
    expect(log.reads).toEqual([null, '0'])
    expect(revocations.judge(claims('s'))).toBe('session_revoked')
    expect(revocations.judge(claims('t'))).toBe('accepted')
    expect(revocations.ready()).toBeUndefined()
  })

  it('applies at once what it revoked itself', async () => {
    const { clock, revocations } = await start()
    revocations.apply(sessionFloors(['s'], clock.now()))
    expect(revocations.judge(claims('s'))).toBe('session_revoked')
  })

  it('forgets a floor when every token below it has expired', async () => {
    const { clock, revocations } = await start()
    revocations.apply(sessionFloors(['s'], clock.now()))
    clock.advance(3_900_000)
    expect(revocations.judge(claims('s'))).toBe('accepted')
  })

  it('forgets nothing because its wall clock is set hours ahead, where it goes on dating tokens', async () => {
    const { clock, log, revocations } = await start()
    clock.step(7_200_000)
    log.add(...sessionFloors(['s'], clock.now() - 7_200_000))
    for (let second = 0; second < 5; second++) {
      clock.advance(1000)
      await settle()
    }
    expect(revocations.ready()).toBeUndefined()
    expect(revocations.judge({ ...claims('s'), iat: clock.now() / 1000 })).toBe('session_revoked')
  })

  it('stops reading when it is closed', async () => {
    const { clock, log, revocations } = await start()
    revocations.close()
    clock.advance(10_000)
    await settle()
    expect(log.reads).toHaveLength(1)
  })
})

describe('a node whose machine sleeps', () => {
  it('accepts nothing by a poll whose answer waited for it to wake up, however often it was asked again', async () => {
    const { clock, log, revocations } = await start()
    log.hanging = true
    clock.step(5000)
    let isReady = false
    const waiting = Promise.resolve(revocations.ready()).then(() => {
      isReady = true
    })
    for (let sleep = 0; sleep < 3; sleep++) {
      clock.step(86_000)
      log.add(...sessionFloors([`s${sleep}`], clock.now()))
      log.release()
      await settle()
      expect(isReady).toBe(false)
    }
    log.release()
    await waiting
    expect(revocations.judge(claims('s2'))).toBe('session_revoked')
  })

  it('gives up where every answer is too old', async () => {
    const { clock, log, revocations } = await start()
    log.hanging = true
    clock.step(5000)
    const waiting = expect(revocations.ready()).rejects.toThrow(UNAVAILABLE)
    for (let sleep = 0; sleep < 8; sleep++) {
      clock.step(86_000)
      log.release()
      await settle()
    }
    await waiting
    expect(log.reads).toHaveLength(9)
  })
})

describe('a node whose log fails', () => {
  it('goes on for two seconds from the start of the last good poll, and then accepts nothing', async () => {
    const { clock, log, errors, revocations } = await start()
    log.failing = true
    clock.advance(2000)
    await settle()
    expect(errors).toHaveLength(1)
    expect(revocations.ready()).toBeUndefined()
    clock.advance(1)
    await expect(revocations.ready()).rejects.toThrow(UNAVAILABLE)
    await expect(revocations.ready()).rejects.toSatisfy(
      (error) => error instanceof AuthError && (error.facts.retryAfter ?? 0) > 0,
    )
  })

  it('reads the whole log again after the error, and serves', async () => {
    const { clock, log, revocations } = await start()
    clock.advance(1000)
    await settle()
    log.failing = true
    clock.advance(1000)
    await settle()
    log.failing = false
    clock.advance(1001)
    await revocations.ready()
    expect(log.reads.slice(-2)).toEqual(['0', null])
    expect(revocations.ready()).toBeUndefined()
  })

  it('lets all waiting requests share one poll', async () => {
    const { clock, log, revocations } = await start()
    revocations.close()
    clock.advance(2001)
    const reads = log.reads.length
    await Promise.all(Array.from({ length: 50 }, () => revocations.ready()))
    expect(log.reads).toHaveLength(reads + 1)
    expect(revocations.ready()).toBeUndefined()
  })

  it('lets a request wait a second at most for a poll that hangs', async () => {
    const { clock, log, revocations } = await start()
    log.hanging = true
    clock.advance(2001)
    let outcome: unknown = 'still waiting'
    revocations.ready()?.then(
      () => {
        outcome = 'served'
      },
      (error: unknown) => {
        outcome = error
      },
    )
    await settle()
    expect(outcome).toBe('still waiting')
    clock.advance(1000)
    await settle()
    expect(outcome).toEqual(UNAVAILABLE)
  })

  it('reads once more for a request that shared a poll which began too long ago', async () => {
    const { clock, log, revocations } = await start()
    log.hanging = true
    clock.advance(1000)
    log.add(...sessionFloors(['s'], clock.now()))
    clock.advance(2001)
    const waiting = revocations.ready()
    log.hanging = false
    log.release()
    await waiting
    expect(revocations.judge(claims('s'))).toBe('session_revoked')
  })

  it('catches up with what was written before, though a poll is under way', async () => {
    const { clock, log, revocations } = await start()
    log.hanging = true
    clock.advance(1000)
    log.add(...sessionFloors(['s'], clock.now()))
    const caughtUp = revocations.catchUp()
    log.hanging = false
    log.release()
    await caughtUp
    expect(revocations.judge(claims('s'))).toBe('session_revoked')
  })

  it('catches up for a second at most where the log hangs', async () => {
    const { clock, log, revocations } = await start()
    log.hanging = true
    const caughtUp = revocations.catchUp()
    clock.advance(1000)
    await expect(caughtUp).rejects.toThrow(UNAVAILABLE)
  })

  it('counts the age of its knowledge from the start of the poll, not from its end', async () => {
    const { clock, log, revocations } = await start()
    log.hanging = true
    clock.advance(1000)
    clock.advance(1900)
    log.hanging = false
    log.release()
    await settle()
    expect(revocations.ready()).toBeUndefined()
    clock.advance(101)
    expect(revocations.ready()).toBeInstanceOf(Promise)
  })
})

describe('a node whose wall clock is set', () => {
  it.each([-3_600_000, -2001, 2001, 3_600_000])('by %i ms polls before it accepts anything', async (by) => {
    const { clock, log, revocations } = await start()
    const reads = log.reads.length
    log.add(...sessionFloors(['s'], clock.now()))
    clock.step(by)
    await revocations.ready()
    expect(log.reads).toHaveLength(reads + 1)
    expect(revocations.judge(claims('s'))).toBe('session_revoked')
    expect(revocations.ready()).toBeUndefined()
  })

  it('forward and back has forgotten nothing', async () => {
    const { clock, log, revocations } = await start()
    log.add(...sessionFloors(['s'], clock.now()))
    clock.advance(1000)
    await settle()
    clock.step(4_000_000)
    clock.advance(1000)
    await settle()
    clock.step(-4_000_000)
    await revocations.ready()
    expect(revocations.judge(claims('s'))).toBe('session_revoked')
  })
})
