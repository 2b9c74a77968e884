// How are several workers kept serving: where one ends, where new ones are wanted, until all shall stop?
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import { EXIT, Refusal } from './refusal.ts'
import { wait, within } from './wait.ts'

/** What a server says of itself once it listens. */
export interface Serving {
  readonly origin: string
  readonly address: string
}

/** How a process ended; `line` is for a person. */
export interface End {
  readonly exit: number
  readonly line: string
}

/**
 * `retire`: others serve in its place, so it accepts no more, and ends when all have their answers. `stop`: the whole server stops, and
 * load balancers are told first. `hurry`: whatever it waits for, it waits no longer.
 */
export type Order = 'retire' | 'stop' | 'hurry'

/** A process that serves. */
export interface Worker {
  readonly pid: number | undefined
  /** Resolves once it listens, and knows what has been revoked. One that ends before never does. */
  readonly serving: Promise<Serving>
  /** Resolves when it is gone. */
  readonly ended: Promise<End>
  tell(order: Order): void
  /** SIGKILL. */
  kill(): void
}

export interface Fleet {
  /**
   * Resolves when all serve. The first is started alone: what is wrong is wrong for all, and said once.
   *
   * @throws {Refusal} as the worker that did not start ended.
   */
  start(): Promise<Serving>
  /**
   * Replaces all workers, one by one: each serves before an old one is told to retire. Where a new one does not come up, the old ones
   * stay. Asked again meanwhile, it does so once more afterwards.
   */
  restart(): void
  /** Resolves with why, where workers end as fast as they are started and none is left that serves. */
  readonly gaveUp: Promise<Refusal>
  /** Resolves when all have ended. @throws {Refusal} where not all of them ended well. */
  stop(): Promise<void>
  hurry(): void
}

export interface FleetParts {
  readonly count: number
  /** `place`: 0 for the first of `count`. One that replaces another has its place. */
  start(place: number): Worker
  /** Hears that all workers are new ones. */
  restarted(): void
  readonly clock: Clock
  readonly logger: Logger
  /** Milliseconds after which a worker that was told to end is killed. */
  readonly stopLimit: number
}

/** Milliseconds. One that has served for so long did not fail by its start. */
const STABLE = 10_000
/** Workers in a row that were not stable; then the fleet gives up, unless one is. */
const MOST_FAILURES = 5
/** Milliseconds before the next try; each failure doubles it. */
const SHORTEST_PAUSE = 100
const LONGEST_PAUSE = 30_000
/** Milliseconds for a worker to come up, but for the first ones: they may have a schema to bring up to date. */
const START_LIMIT = 60_000
/** Milliseconds for all to end once somebody is in a hurry: mails on their way have ten seconds of it. */
const HURRIED_LIMIT = 15_000

interface Member {
  readonly worker: Worker
  readonly since: number
}

export function createFleet(parts: FleetParts): Fleet {
  const { count, clock, logger, stopLimit } = parts
  const places: (Member | null)[] = Array.from({ length: count }, () => null)
  /** Whoever has not ended: also those that start or retire. */
  const alive = new Set<Worker>()
  const gaveUp = Promise.withResolvers<Refusal>()
  const hurried = Promise.withResolvers<void>()
  let failures = 0
  let isStarted = false
  let stopping = false
  let restarting = false
  let again = false

  const launch = (place: number): Worker => {
    const worker = parts.start(place)
    alive.add(worker)
    void worker.ended.then(() => alive.delete(worker))
    return worker
  }

  const begin = (worker: Worker): Promise<Serving | End> => Promise.race([worker.serving, worker.ended])

  const beginInTime = async (worker: Worker): Promise<Serving | End> => {
    const begun = await within({ clock }, START_LIMIT, begin(worker))
    if (begun) return begun
    worker.kill()
    return { exit: EXIT.no, line: 'it took too long to start' }
  }

  /** What it was before is the caller's. */
  const install = (place: number, worker: Worker): void => {
    const since = clock.monotonic()
    places[place] = { worker, since }
    logger.info({ event: 'worker.started', pid: worker.pid, place }, 'a worker serves')
    void worker.ended.then((end) => {
      if (stopping || places[place]?.worker !== worker) return
      places[place] = null
      failures = clock.monotonic() - since < STABLE ? failures + 1 : 0
      void replace(place, end)
    })
  }

  const isStable = (member: Member | null): boolean =>
    member !== null && clock.monotonic() - member.since >= STABLE

  async function replace(place: number, first: End): Promise<void> {
    for (let end = first; ; failures++) {
      logger.error({ event: 'worker.ended', place, reason: end.line }, 'a worker ended; another is started')
      if (failures >= MOST_FAILURES && !places.some(isStable)) return giveUp(end)
      if (failures > 0) await wait({ clock }, Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** (failures - 1)))
      // A restart may have filled the place meanwhile.
      if (stopping || places[place]) return
      const worker = launch(place)
      const begun = await beginInTime(worker)
      if (stopping) return
      if ('line' in begun) {
        end = begun
        continue
      }
      if (places[place]) retire(worker)
      else install(place, worker)
      return
    }
  }

  function giveUp({ exit, line }: End): void {
    const reason = `workers end as fast as they are started, and the last one so: ${line}`
    gaveUp.resolve(new Refusal(exit || EXIT.no, reason))
  }

  function retire(worker: Worker): void {
    worker.tell('retire')
    void within({ clock }, stopLimit, worker.ended).then((end) => {
      if (end === null) worker.kill()
      else if (end.exit !== EXIT.ok)
        logger.warn(
          { event: 'worker.ended', pid: worker.pid, reason: end.line },
          'an old worker did not end well',
        )
    })
  }

  /** Says whether all are new. */
  async function roll(): Promise<boolean> {
    for (let place = 0; place < count; place++) {
      if (stopping) return false
      const worker = launch(place)
      const begun = await beginInTime(worker)
      if (stopping) return false
      if ('line' in begun) {
        logger.error(
          { event: 'restart.failed', replaced: place, of: count, reason: begun.line },
          'a new worker did not start; the old ones go on',
        )
        return false
      }
      const old = places[place]
      install(place, worker)
      if (old) retire(old.worker)
    }
    return true
  }

  async function restart(): Promise<void> {
    while (again) {
      again = false
      const before = [...alive]
      if (await roll()) parts.restarted()
      // Never more than two of each place.
      await Promise.all(
        before
          .filter((worker) => !places.some((member) => member?.worker === worker))
          .map(({ ended }) => ended),
      )
    }
    restarting = false
  }

  return {
    gaveUp: gaveUp.promise,
    async start() {
      const startOne = async (place: number): Promise<Serving> => {
        const worker = launch(place)
        const begun = await begin(worker)
        if ('line' in begun) throw new Refusal(begun.exit || EXIT.no, begun.line)
        install(place, worker)
        return begun
      }
      const serving = await startOne(0)
      if (stopping) return serving
      await Promise.all(places.slice(1).map((_, index) => startOne(index + 1)))
      isStarted = true
      return serving
    },
    restart() {
      // Those that are just being started have read what is new.
      if (!isStarted) return
      again = true
      if (restarting) return
      restarting = true
      void restart()
    },
    async stop() {
      stopping = true
      const ended = Promise.all([...alive].map((worker) => worker.ended))
      for (const worker of alive) worker.tell('stop')
      const late = Promise.race([
        wait({ clock }, stopLimit),
        hurried.promise.then(() => wait({ clock }, HURRIED_LIMIT)),
      ])
      const ends = await Promise.race([ended, late])
      if (!ends) {
        for (const worker of alive) worker.kill()
        await ended
        throw new Refusal('no', 'some workers took too long to stop, and were killed')
      }
      const bad = ends.find(({ exit }) => exit !== EXIT.ok)
      if (bad) throw new Refusal(bad.exit, bad.line)
    },
    hurry() {
      hurried.resolve()
      for (const worker of alive) worker.tell('hurry')
    },
  }
}
