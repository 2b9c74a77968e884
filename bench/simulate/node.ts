// What is one node? A machine with clocks of its own, a way to the database, and on it the real process, which may die.
import type { Clock, Logger, PasswordHasher, Store } from 'lockjar'
import type { Runtime } from '../../src/actions/runtime.ts'
import { createRuntime } from '../../src/auth.ts'
import type { Config } from '../../src/config/config.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import { openSigningKeys } from '../../src/config/signing-keys.ts'
import type { KeyRing } from '../../src/core/keys/ring.ts'
import { createKeyRing } from '../../src/core/keys/ring.ts'
import type { Floor } from '../../src/core/revocation/floors.ts'
import type { Chance } from './chance.ts'
import type { MachineClock } from './clock.ts'
import { createMachineClock } from './clock.ts'
import type { Database } from './database.ts'
import type { Way } from './link.ts'
import { createLink } from './link.ts'
import type { Plant } from './plants.ts'
import type { Time } from './time.ts'
import type { Trace } from './trace.ts'

/** Milliseconds after which a process that has died, or could not start, is started again. */
const RESTART: readonly [number, number] = [500, 3000]

/** What every node is configured with. */
export interface Installation {
  readonly config: Config
  readonly ring: KeyRing
  readonly signing: Runtime['signing']
}

/** `lifetime` of access tokens, in milliseconds. */
export async function createInstallation(lifetime: number): Promise<Installation> {
  const options = {
    baseURL: 'https://app.example.com',
    secret: 'S2V5LW9mLXNpbXVsYXRpb25zLW9ubHktMDEyMzQ1Njc4OWE',
    accessToken: { lifetime: `${lifetime / 1000}s` },
    rateLimits: 'off',
  } as const
  const config = resolveConfig(options, () => false)
  const [first, ...rest] = config.secrets
  if (!first) throw new Error('no secret')
  return {
    config,
    ring: await createKeyRing([first, ...rest]),
    signing: await openSigningKeys(config.signing, [first, ...rest]),
  }
}

export interface World {
  readonly time: Time
  readonly chance: Chance
  readonly database: Database
  readonly installation: Installation
  readonly trace: Trace
  readonly plant: Plant | null
  /** Parts of a million, either way, by which clocks may go wrong. */
  readonly drift: number
  readonly onEvent: (name: string) => void
  /** A node has learnt floors from the log, or from itself. */
  readonly onRaised: (node: Node, floors: readonly Floor[]) => void
}

export interface Node {
  readonly index: number
  readonly clock: MachineClock
  readonly way: Way
  /** Names of what is wrong with it at the moment. */
  readonly faults: Map<string, number>
  /** `null` while it is not ready. */
  readonly runtime: Runtime | null
  /** Counts processes, so that what one was told is not held against the next. */
  readonly life: number
  readonly stopped: boolean
  /** The process has read the whole log since it began. */
  readonly hasRead: boolean
  /** True time at which its last good read of the log began, and the one before. */
  readonly freshSince: number
  readonly freshBefore: number
  /** Lets the process do it as soon as it runs. Not at all, and `gone` instead, where it dies first or is down. */
  deliver(task: () => void, gone?: () => void): void
  hint(): void
  start(): Promise<void>
  kill(): void
  stop(how: 'pause' | 'sleep'): void
  go(): void
}

export function createNode(index: number, world: World): Node {
  const { time, database, trace, plant } = world
  const chance = world.chance.apart(`node ${index}`)
  const drift = (): number => chance.between(-world.drift, world.drift)
  const clock = createMachineClock(time, { wall: drift(), monotonic: drift() })
  const way: Way = { cut: false, deaf: false, slow: 0 }
  let runtime: Runtime | null = null
  let running = false
  let life = 0
  let stopped = false
  let waiting: { readonly task: () => void; readonly gone: () => void }[] = []
  let hasRead = false
  let fresh = { since: Number.NEGATIVE_INFINITY, before: Number.NEGATIVE_INFINITY }
  let heard: () => void = () => {}

  const deliver: Node['deliver'] = (task, gone = () => {}) => {
    if (!running) gone()
    else if (stopped) waiting.push({ task, gone })
    else task()
  }
  const linkOf = (process: number): Store => {
    const guard = (task: () => void): void => {
      if (life === process) deliver(task)
    }
    return createLink({
      time,
      chance,
      database,
      way,
      deliver: guard,
      keepsCursor: plant?.keepsCursor ?? false,
      onRead(whole, sent) {
        hasRead ||= whole
        fresh = { since: sent, before: fresh.since }
        trace.note('read', index, null, sent)
      },
      watch(listener) {
        heard = () => guard(listener)
        return () => {
          heard = () => {}
        }
      },
    })
  }

  const node: Node = {
    index,
    clock,
    way,
    faults: new Map(),
    get runtime() {
      return runtime
    },
    get life() {
      return life
    },
    get stopped() {
      return stopped
    },
    get hasRead() {
      return hasRead
    },
    get freshSince() {
      return fresh.since
    },
    get freshBefore() {
      return fresh.before
    },
    deliver,
    hint() {
      if (!way.deaf && !way.cut) heard()
    },
    async start() {
      const process = ++life
      running = true
      hasRead = false
      fresh = { since: Number.NEGATIVE_INFINITY, before: Number.NEGATIVE_INFINITY }
      trace.note('start', index)
      try {
        const store = linkOf(process)
        const begun = await begin(
          world,
          plant?.store?.(store, clock) ?? store,
          plant?.clock?.(clock) ?? clock,
          chance,
        )
        if (life !== process) return
        runtime = plant?.memory?.(begun, clock) ?? begun
        runtime.revocations.watch({ raised: (floors) => world.onRaised(node, floors), unreadable() {} })
        trace.note('ready', index)
      } catch {
        if (life === process) node.kill()
      }
    },
    kill() {
      const lost = waiting
      stopped = false
      clock.go()
      life++
      running = false
      runtime = null
      heard = () => {}
      clock.clear()
      waiting = []
      trace.note('killed', index)
      for (const { gone } of lost) gone()
      const process = life
      time.after(chance.between(...RESTART), () => {
        if (life === process) void node.start()
      })
    },
    stop(how) {
      stopped = true
      clock.stop(how)
    },
    go() {
      stopped = false
      const ready = waiting
      waiting = []
      // It was stopped as it waited for the network, or at its timers: either may come first.
      const timersFirst = chance.happens(0.5)
      if (timersFirst) clock.go()
      for (const { task, gone } of ready) time.after(0, () => deliver(task, gone))
      if (!timersFirst) clock.go()
    },
  }
  return node
}

function begin(
  { installation, onEvent }: World,
  store: Store,
  clock: Clock,
  random: Chance,
): Promise<Runtime> {
  const parts = { store, clock, random, hasher: anyPassword, logger: silent, mailer: null }
  return createRuntime(installation.config, installation, parts, async (name) => onEvent(name))
}

const silent: Logger = { info() {}, warn() {}, error() {} }

/** Passwords have no part in this. */
const anyPassword: PasswordHasher = {
  hash: async () => 'hash',
  verify: async () => ({ ok: true, mustRehash: false }),
  verifyAbsent: async () => {},
  close: async () => {},
}
