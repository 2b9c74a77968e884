// In which orders can a set of operations happen? All of them, each state once.
import { createHash } from 'node:crypto'
import type { Clock, Store } from 'lockjar'
import type { Arithmetic } from './arithmetic.ts'
import type { Gate } from './gates.ts'
import { Breach, judgeAnswer, judgeEndOfRun, judgeStep } from './invariants.ts'
import type { Doors } from './node.ts'
import type { Placed } from './operations.ts'
import { launch } from './operations.ts'
import type { Plant } from './plants.ts'
import { reduce } from './reduce.ts'
import { World } from './world.ts'

/** What was done, for the reader of the test's output. */
export interface Figures {
  sets: number
  /** Orders of steps, each of which is a path through the states that were visited. */
  interleavings: number
  /** States that differ in anything on which the future depends. */
  states: number
  /** Times that a set was begun from its first step. */
  runs: number
  steps: number
}

export const noFigures = (): Figures => ({ sets: 0, interleavings: 0, states: 0, runs: 0, steps: 0 })

export interface Explorer {
  readonly arithmetic: Arithmetic
  readonly doors: readonly Doors[]
  readonly open: (clock: Clock) => Store
  readonly figures: Figures
  readonly plant?: Plant
  /** Whether states that were met before are passed over, and orders that cannot be told apart. Default: yes. */
  readonly merge?: boolean
  readonly reduce?: boolean
  /** Whether each run has ids of its own, for a database that serves them all. Default: no. */
  readonly ownIds?: boolean
  /** Collects what each run ended in. */
  readonly ends?: Set<string>
}

const JUDGE = { onStep: judgeStep, onAnswer: judgeAnswer }

/** Tries every order. @throws {Breach} with the order in which it happened. */
export async function explore(explorer: Explorer, set: readonly Placed[]): Promise<void> {
  const { figures, arithmetic, merge = true } = explorer
  /** The number of ways on from each state. */
  const met = new Map<string, number>()
  arithmetic.forget()
  figures.sets++

  const visit = async (path: readonly number[], live: World): Promise<number> => {
    const state = createHash('sha1')
      .update(await live.key())
      .digest('base64')
    const known = merge ? met.get(state) : undefined
    if (known !== undefined) return known
    figures.states++
    const gates = choices(explorer, live, set)
    if (gates.length === 0) await telling(live, set, () => judgeEnd(live))
    if (gates.length === 0) explorer.ends?.add(state)
    let ways = gates.length === 0 ? 1 : 0
    for (const choice of gates.keys()) {
      const world = choice === 0 ? live : await replay(explorer, set, path)
      await step(explorer, world, set, choice)
      ways += await visit([...path, choice], world)
    }
    met.set(state, ways)
    return ways
  }
  figures.interleavings += await visit([], await replay(explorer, set, []))
}

/** From the first step, along a path. */
export async function replay(
  explorer: Explorer,
  set: readonly Placed[],
  path: readonly number[],
): Promise<World> {
  const { figures, arithmetic, doors, open, plant = null, ownIds = false } = explorer
  figures.runs++
  const world = new World({ arithmetic, doors, open, plant, run: ownIds ? figures.runs : 0 }, JUDGE)
  await world.begin()
  for (const placed of set) launch(world, placed)
  await arithmetic.settle()
  for (const choice of path) await step(explorer, world, set, choice)
  return world
}

async function step(explorer: Explorer, world: World, set: readonly Placed[], choice: number): Promise<void> {
  const gate = choices(explorer, world, set)[choice]
  if (!gate) throw new Error('a schedule does not repeat')
  explorer.figures.steps++
  await telling(world, set, () => world.take(gate))
}

/** The steps among which the order matters; see `reduce.ts`. */
function choices(
  { reduce: reduced = true }: Explorer,
  world: World,
  set: readonly Placed[],
): readonly Gate[] {
  const enabled = world.gates.waiting
    .filter((gate) => gate.enabled())
    .sort((a, b) => a.actor - b.actor || (a.label + a.asks < b.label + b.asks ? -1 : 1))
  return reduced ? reduce(enabled, world, set) : enabled
}

export async function judgeEnd(world: World): Promise<void> {
  const waiting = world.actors.filter(({ stage }) => stage !== 'over')
  if (waiting.length > 0)
    throw new Breach('calm', `somebody waits for ever: ${JSON.stringify(waiting.map(({ stage }) => stage))}`)
  await judgeEndOfRun(world)
}

async function telling(world: World, set: readonly Placed[], task: () => Promise<void>): Promise<void> {
  try {
    await task()
    const [failure] = world.failures
    if (failure !== undefined) throw failure
  } catch (error) {
    if (error instanceof Error) {
      const order = world.trace.map((line, at) => `${String(at + 1).padStart(4)}  ${line}`).join('\n')
      error.message += `\n  set: ${set.map(({ name, node }) => `${name} at ${node}`).join(', ')}\n${order}`
    }
    throw error
  }
}
