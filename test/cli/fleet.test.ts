// Are workers replaced, with patience and with an end to it, and do old ones stay where new ones do not come up?
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { End, Fleet, Order, Serving, Worker } from '../../src/cli/fleet.ts'
import { createFleet } from '../../src/cli/fleet.ts'
import { shareOfThreads } from '../../src/cli/worker-process.ts'
import type { Logger } from '../../src/ports/logger.ts'
import type { TestClock } from '../support/clock.ts'
import { createTestClock } from '../support/clock.ts'

const SERVING: Serving = { origin: 'http://localhost:3000', address: '127.0.0.1:3000' }
const GOOD: End = { exit: 0, line: 'a worker ended with code 0' }
const KILLED: End = { exit: 1, line: 'a worker was ended by SIGKILL' }
const WRONG: End = { exit: 3, line: 'the settings are wrong' }
const STOP_LIMIT = 20_000

interface Fake {
  readonly place: number
  readonly told: readonly (Order | 'kill')[]
  serve(): Promise<void>
  end(end: End): Promise<void>
}

interface World {
  readonly fleet: Fleet
  readonly clock: TestClock
  /** All that were ever started. */
  readonly workers: readonly Fake[]
  readonly logged: readonly string[]
  readonly restarts: () => number
  at(index: number): Fake
  advance(milliseconds: number): Promise<void>
}

/** What has become possible happens. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn()
}

function createWorld(count = 2): World {
  const clock = createTestClock()
  const workers: Fake[] = []
  const logged: string[] = []
  const log: Logger['info'] = ({ event, reason = '' }) => logged.push(`${event} ${reason}`.trim())
  let restarts = 0
  const start = (place: number): Worker => {
    const serving = Promise.withResolvers<Serving>()
    const ended = Promise.withResolvers<End>()
    const told: (Order | 'kill')[] = []
    workers.push({
      place,
      told,
      serve() {
        serving.resolve(SERVING)
        return settle()
      },
      end(end) {
        ended.resolve(end)
        return settle()
      },
    })
    return {
      pid: workers.length,
      serving: serving.promise,
      ended: ended.promise,
      tell: (order) => void told.push(order),
      kill() {
        told.push('kill')
        ended.resolve(KILLED)
      },
    }
  }
  const fleet = createFleet({
    count,
    start,
    restarted: () => void restarts++,
    clock,
    logger: { info: () => {}, warn: log, error: log },
    stopLimit: STOP_LIMIT,
  })
  return {
    fleet,
    clock,
    workers,
    logged,
    restarts: () => restarts,
    at(index) {
      const worker = workers[index]
      if (!worker) throw new Error(`there are ${workers.length} workers`)
      return worker
    },
    advance(milliseconds) {
      clock.advance(milliseconds)
      return settle()
    },
  }
}

async function startWorld(count = 2): Promise<World> {
  const world = createWorld(count)
  const started = world.fleet.start()
  for (let index = 0; index < count; index++) {
    await settle()
    await world.at(index).serve()
  }
  await started
  return world
}

describe('a fleet starts', () => {
  it('with one worker, and with the others once that one serves', async () => {
    const world = createWorld(3)
    const started = world.fleet.start()
    await settle()
    expect(world.workers.length).toBe(1)
    await world.at(0).serve()
    expect(world.workers.map(({ place }) => place)).toEqual([0, 1, 2])
    await world.at(1).serve()
    await world.at(2).serve()
    expect(await started).toEqual(SERVING)
  })

  it('not at all where the first does not: it says so once, and tries no others', async () => {
    const { fleet, at, workers, logged } = createWorld(3)
    const refused = expect(fleet.start()).rejects.toMatchObject({
      exit: 3,
      message: 'the settings are wrong',
    })
    await at(0).end(WRONG)
    await refused
    expect([workers.length, logged]).toEqual([1, []])
  })

  it('not at all where one of the others does not', async () => {
    const { fleet, at } = createWorld(2)
    const refused = expect(fleet.start()).rejects.toMatchObject({ exit: 1, message: GOOD.line })
    await at(0).serve()
    await at(1).end(GOOD)
    await refused
  })
})

describe('a worker that ends', () => {
  it('is replaced at once, in its place, where it had served for ten seconds', async () => {
    const { at, workers, logged, advance } = await startWorld()
    await advance(10_000)
    await at(1).end(KILLED)
    expect(workers.map(({ place }) => place)).toEqual([0, 1, 1])
    expect(logged).toEqual(['worker.ended a worker was ended by SIGKILL'])
  })

  it('is replaced after a pause that doubles, up to half a minute, while others serve', async () => {
    const { at, workers, advance } = await startWorld()
    await advance(10_000)
    await at(1).end(KILLED)
    for (const pause of [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]) {
      const tries = workers.length
      await at(tries - 1).end(WRONG)
      await advance(pause - 1)
      expect(workers.length, `${pause} ms`).toBe(tries)
      await advance(1)
      expect(workers.length, `${pause} ms`).toBe(tries + 1)
    }
  })

  it('is replaced anew where what replaces it does not serve within a minute', async () => {
    const { at, workers, logged, advance } = await startWorld()
    await advance(10_000)
    await at(1).end(KILLED)
    await advance(60_000)
    expect([at(2).told, logged.at(-1)]).toEqual([['kill'], 'worker.ended it took too long to start'])
    await advance(100)
    expect(workers.length).toBe(4)
  })

  it('is the end of the fleet where it is the fifth in a row and none is left that has served for ten seconds', async () => {
    const { fleet, at, workers, advance } = await startWorld(1)
    await advance(9999)
    await at(0).end(KILLED)
    for (const pause of [100, 200, 400, 800]) {
      await advance(pause)
      await at(workers.length - 1).end(WRONG)
    }
    expect(workers.length).toBe(5)
    expect(await fleet.gaveUp).toMatchObject({
      exit: 3,
      message: 'workers end as fast as they are started, and the last one so: the settings are wrong',
    })
  })

  it('counts from the beginning where one has served for ten seconds', async () => {
    const { at, workers, advance } = await startWorld(1)
    for (let round = 0; round < 7; round++) {
      await advance(10_000)
      await at(workers.length - 1).end(KILLED)
      await at(workers.length - 1).serve()
    }
    expect(workers.length).toBe(8)
  })
})

describe('a restart', () => {
  it('replaces one after the other, each once the new one serves', async () => {
    const { fleet, at, workers, restarts } = await startWorld()
    fleet.restart()
    expect([workers.length, at(0).told]).toEqual([3, []])
    await at(2).serve()
    expect([at(0).told, at(1).told, at(2).place]).toEqual([['retire'], [], 0])
    await at(3).serve()
    expect([at(1).told, restarts()]).toEqual([['retire'], 1])
  })

  it('leaves the old ones where a new one does not come up, and says why once', async () => {
    const { fleet, at, workers, logged, restarts, advance } = await startWorld()
    fleet.restart()
    await at(2).end(WRONG)
    await advance(60_000)
    expect([workers.length, at(0).told, at(1).told, restarts()]).toEqual([3, [], [], 0])
    expect(logged).toEqual(['restart.failed the settings are wrong'])
  })

  it('gives up a new one that does not serve within a minute', async () => {
    const { fleet, at, logged, advance } = await startWorld()
    fleet.restart()
    await advance(60_000)
    expect([at(2).told, at(0).told]).toEqual([['kill'], []])
    expect(logged).toEqual(['restart.failed it took too long to start'])
  })

  it('that is asked for twice meanwhile is done once more, when the old ones have ended', async () => {
    const { fleet, at, workers, restarts } = await startWorld(1)
    for (let times = 0; times < 3; times++) fleet.restart()
    await at(1).serve()
    expect([workers.length, restarts()]).toEqual([2, 1])
    await at(0).end(GOOD)
    expect(workers.length).toBe(3)
    await at(2).serve()
    await at(1).end(GOOD)
    expect([workers.length, restarts()]).toEqual([3, 2])
  })

  it('is no end of a worker: those that retire are not replaced', async () => {
    const { fleet, at, workers, logged } = await startWorld(1)
    fleet.restart()
    await at(1).serve()
    await at(0).end(GOOD)
    expect([workers.length, logged]).toEqual([2, []])
  })

  it('kills an old one that does not end', async () => {
    const { fleet, at, advance } = await startWorld(1)
    fleet.restart()
    await at(1).serve()
    await advance(STOP_LIMIT)
    expect(at(0).told).toEqual(['retire', 'kill'])
  })

  it('fills the place of one that has ended, which is then not filled twice', async () => {
    const { fleet, at, workers, advance } = await startWorld(1)
    await at(0).end(KILLED)
    fleet.restart()
    await at(1).serve()
    await advance(1000)
    expect(workers.length).toBe(2)
  })

  it('retires whoever came up for the same place meanwhile', async () => {
    const { fleet, at, workers, advance } = await startWorld(1)
    await at(0).end(KILLED)
    await advance(100)
    fleet.restart()
    expect(workers.length).toBe(3)
    await at(2).serve()
    await at(1).serve()
    expect([at(1).told, at(2).told]).toEqual([['retire'], []])
  })

  it('does nothing while the first ones are started, for they read what is new', async () => {
    const { fleet, workers } = createWorld(2)
    void fleet.start()
    fleet.restart()
    await settle()
    expect(workers.length).toBe(1)
  })
})

describe('a stop', () => {
  it('is told to all, also to those that start, and waits for all', async () => {
    const { fleet, at, logged } = await startWorld()
    fleet.restart()
    const stopped = fleet.stop()
    for (const index of [0, 1, 2]) expect(at(index).told).toEqual(['stop'])
    for (const index of [0, 1, 2]) await at(index).end(GOOD)
    await expect(stopped).resolves.toBeUndefined()
    expect(logged).toEqual([])
  })

  it('replaces nobody', async () => {
    const { fleet, at, workers, advance } = await startWorld()
    await at(0).end(KILLED)
    const stopped = fleet.stop()
    await at(1).end(GOOD)
    await advance(60_000)
    fleet.restart()
    expect([workers.length, await stopped]).toEqual([2, undefined])
  })

  it('while the first one starts begins no others', async () => {
    const { fleet, at, workers } = createWorld()
    void fleet.start()
    const stopped = fleet.stop()
    await at(0).serve()
    await at(0).end(GOOD)
    await stopped
    expect(workers.length).toBe(1)
  })

  it('says nothing of one that was to replace another and ends with the rest', async () => {
    const { fleet, at, logged, advance } = await startWorld(1)
    await advance(10_000)
    await at(0).end(KILLED)
    const stopped = fleet.stop()
    await at(1).end(GOOD)
    await stopped
    expect(logged).toEqual(['worker.ended a worker was ended by SIGKILL'])
  })

  it('ends as the worker ended that broke something off', async () => {
    const { fleet, at } = await startWorld()
    const refused = expect(fleet.stop()).rejects.toMatchObject({ exit: 1, message: 'it took too long' })
    await at(0).end(GOOD)
    await at(1).end({ exit: 1, line: 'it took too long' })
    await refused
  })

  it.each([
    ['kills whoever does not end in time', false, STOP_LIMIT],
    ['kills them sooner once somebody is in a hurry', true, 15_000],
  ])('%s', async (_what, hurried, limit) => {
    const { fleet, at, advance } = await startWorld()
    const stopped = fleet.stop()
    const said = expect(stopped).rejects.toMatchObject({
      exit: 1,
      message: 'some workers took too long to stop, and were killed',
    })
    await at(0).end(GOOD)
    if (hurried) fleet.hurry()
    await settle()
    await advance(limit - 1)
    expect(at(1).told).not.toContain('kill')
    await advance(1)
    expect(at(1).told).toEqual(hurried ? ['stop', 'hurry', 'kill'] : ['stop', 'kill'])
    await said
  })
})

it.each<[count: number, all: number, shares: readonly number[]]>([
  [1, 7, [7]],
  [2, 7, [4, 3]],
  [3, 7, [3, 2, 2]],
  [7, 7, [1, 1, 1, 1, 1, 1, 1]],
  [2, 1, [1, 1]],
  [4, 3, [1, 1, 1, 1]],
])('%d workers share %d threads for passwords, one at least for each', (count, all, shares) => {
  expect(Array.from({ length: count }, (_, place) => shareOfThreads(place, count, all))).toEqual(shares)
})
