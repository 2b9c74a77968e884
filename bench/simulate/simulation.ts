// What happens in so many minutes to so many nodes? Everything at once, and the same again for the same seed.
import type { Floor } from '../../src/core/revocation/floors.ts'
import { calculateAtOnce } from './arithmetic.ts'
import { createChance } from './chance.ts'
import type { Database, Done } from './database.ts'
import { openDatabase } from './database.ts'
import type { FaultName } from './faults.ts'
import { strike } from './faults.ts'
import type { Figures } from './figures.ts'
import { createFigures } from './figures.ts'
import type { Breach } from './invariants.ts'
import type { Node, World } from './node.ts'
import { createInstallation, createNode } from './node.ts'
import { bringPeople } from './people.ts'
import type { Plant } from './plants.ts'
import { createProbes } from './probes.ts'
import { createServer } from './server.ts'
import type { Staleness } from './staleness.ts'
import { watchStaleness } from './staleness.ts'
import { createTime } from './time.ts'
import type { Trace } from './trace.ts'
import { createTrace } from './trace.ts'
import { createTruth } from './truth.ts'

export interface Setting {
  readonly nodes: number
  readonly seed: number
  /** Simulated. */
  readonly minutes: number
  /** Share of requests and answers that are lost between a browser and a node. */
  readonly loss: number
  /** Share of hints that are lost between the database and a node; 1: there are none. */
  readonly lostHints: number
  /** Parts of a million by which clocks are wrong at most. */
  readonly drift: number
  readonly browsers: number
  /** Milliseconds, of access tokens. */
  readonly lifetime: number
  readonly faults: readonly FaultName[]
  /** Milliseconds between two of them at one node, on average. */
  readonly period: number
  readonly thieves: boolean
}

export interface Outcome {
  readonly setting: Setting
  readonly figures: Figures
  readonly excused: number
  readonly breach: Breach | null
  /** What led to it, and true milliseconds at which it was found. */
  readonly trace: readonly string[]
  readonly at: number
  readonly events: number
  readonly sessions: number
  /** Milliseconds of processor time. */
  readonly spent: number
}

/** Milliseconds one way from the database to a node, median. */
const HINT = 1.5

export async function simulate(setting: Setting, plant: Plant | null = null): Promise<Outcome> {
  const restore = calculateAtOnce()
  try {
    return await run(setting, plant)
  } finally {
    restore()
  }
}

async function run(setting: Setting, plant: Plant | null): Promise<Outcome> {
  const began = process.cpuUsage()
  const { seed, drift, lifetime } = setting
  const time = createTime()
  const chance = createChance(seed)
  const trace = createTrace(() => time.now)
  const figures = createFigures()
  const database = openDatabase(time, chance.between(-drift, drift))
  let breach: Breach | null = null
  const truth = createTruth({
    now: () => time.now,
    row: async (id) => (await database.store.sessions.find(id))?.session ?? null,
    drift,
    found: (first) => {
      breach ??= first
    },
  })
  const nodes: Node[] = []
  const staleness = watchStaleness(time, () => nodes, figures)
  const world: World = {
    time,
    chance,
    database,
    installation: await createInstallation(lifetime),
    trace,
    plant,
    drift,
    onEvent: figures.event,
    onRaised: staleness.raised,
  }
  for (let index = 0; index < setting.nodes; index++) nodes.push(createNode(index, world))
  const probe = createProbes({ time, chance: chance.apart('probes'), nodes, figures, bound: () => drift })
  const server = createServer({
    time,
    truth,
    trace,
    figures,
    told(subjects, node) {
      for (const { id } of subjects) staleness.told(`session:${id}`, node)
      probe(subjects, server)
    },
  })
  hear(world, nodes, setting.lostHints, staleness, truth.done)
  for (const node of nodes) void node.start()
  const common = { time, chance: chance.apart('people'), nodes, server, truth, figures, database }
  await bringPeople({ ...common, browsers: setting.browsers, loss: setting.loss, thieves: setting.thieves })
  strike({
    ...{ time, chance: chance.apart('faults'), trace, nodes, database, faults: setting.faults },
    period: setting.period,
    wentBack() {
      staleness.wentBack()
      void truth.wentBack()
    },
  })

  await time.run(setting.minutes * 60_000, () => breach !== null)
  return {
    setting,
    figures,
    excused: truth.excused,
    breach,
    trace: breach ? tellOf(breach, trace) : [],
    at: time.now,
    events: time.happened,
    sessions: truth.sessions.size,
    spent: spentSince(began),
  }
}

function spentSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

const tellOf = ({ session, nodes, since }: Breach, trace: Trace): readonly string[] =>
  trace.tell(session, nodes, since)

/** The database tells everybody that it has written, and the one who sees everything what. */
function hear(
  { time, chance, database }: World & { readonly database: Database },
  nodes: readonly Node[],
  lost: number,
  staleness: Staleness,
  done: (done: Done) => void,
): void {
  const ofHints = chance.apart('hints')
  database.onDone((command) => {
    done(command)
    const floors = floorsOf(command.answer)
    if (floors.length === 0) return
    staleness.written(floors)
    for (const node of nodes) if (!ofHints.happens(lost)) time.after(ofHints.latency(HINT), () => node.hint())
  })
}

function floorsOf(answer: unknown): readonly Floor[] {
  if (typeof answer !== 'object' || answer === null || !('floors' in answer) || 'cursor' in answer) return []
  return (answer as { readonly floors: readonly Floor[] }).floors
}
