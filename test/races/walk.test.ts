// Does anything go wrong on a long way? Random walks of many requests over two processes, with thieves, and clocks that jump.
import fc from 'fast-check'
import { openMemory } from 'lockjar/memory'
import { afterAll, expect, it } from 'vitest'
import { watchArithmetic } from './arithmetic.ts'
import { judgeEnd } from './explore.ts'
import { judgeAnswer, judgeStep } from './invariants.ts'
import { createDoors, createInstallation } from './node.ts'
import type { OperationName, WeatherName } from './operations.ts'
import { launch } from './operations.ts'
import { ALL, HOURS } from './prove.ts'
import { GRACE, World } from './world.ts'

const arithmetic = watchArithmetic()
afterAll(() => arithmetic.restore())

type Command =
  | { readonly kind: 'launch'; readonly name: OperationName | WeatherName; readonly node: number }
  /** Opens gates, whichever these picks come to. */
  | { readonly kind: 'go'; readonly picks: readonly number[] }
  /** Everybody finishes, and then time passes or somebody sets the clock. */
  | { readonly kind: 'pass' | 'set'; readonly picks: readonly number[]; readonly milliseconds: number }
  /** Copies the owner's jar, to be shown some time. */
  | { readonly kind: 'steal' }

const picks = fc.array(fc.nat(20), { minLength: 1, maxLength: 6 })
const node = fc.nat(1)
const launching = (...names: (OperationName | WeatherName)[]): fc.Arbitrary<Command> =>
  fc.record({ kind: fc.constant('launch'), name: fc.constantFrom(...names), node })

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 30, arbitrary: launching('refresh', 'refresh', 'lost response', 'use', 'use') },
  { weight: 60, arbitrary: fc.record({ kind: fc.constant('go'), picks }) },
  { weight: 8, arbitrary: launching('timers run', 'restart', 'five seconds pass', 'the bound passes') },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('pass'),
      picks,
      milliseconds: fc.constantFrom(1, 2001, GRACE, GRACE + 1, 60_000, 700_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('set'),
      picks,
      milliseconds: fc.constantFrom(-3_600_000, -GRACE - 1, -2001, 2001, GRACE + 1, 3_600_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'steal' }) },
  { weight: 1, arbitrary: launching('reuse', 'logout', 'revoke', 'disable', 'end all') },
)

const installation = await createInstallation('jwt')
const doors = [createDoors(installation), createDoors(installation)]
const done = { walks: 0, steps: 0, ends: 0, launches: 0 }

async function takeOne(world: World, pick: number): Promise<boolean> {
  const gates = world.gates.waiting
    .filter((gate) => gate.enabled())
    .sort((a, b) => a.actor - b.actor || (a.label + a.asks < b.label + b.asks ? -1 : 1))
  const gate = gates[pick % gates.length]
  if (!gate) return false
  done.steps++
  await world.take(gate)
  return true
}

async function follow(world: World, next: Command): Promise<void> {
  if (next.kind === 'steal') world.scene.jars.thief = world.scene.jars.owner.copy()
  if (next.kind === 'launch') {
    done.launches++
    launch(world, next)
    await arithmetic.settle()
  }
  if (next.kind === 'go') for (const pick of next.picks) await takeOne(world, pick)
  if (next.kind !== 'pass' && next.kind !== 'set') return
  for (let turn = 0; await takeOne(world, next.picks[turn % next.picks.length] ?? 0); turn++);
  world.mayExpire = true
  if (next.kind === 'pass') world.advance(next.milliseconds)
  else world.setWall(next.milliseconds)
}

async function walk(commands: readonly Command[]): Promise<void> {
  arithmetic.forget()
  const world = new World(
    { arithmetic, doors, open: openMemory, plant: null, run: 0 },
    { onStep: judgeStep, onAnswer: judgeAnswer },
  )
  await world.begin()
  for (const next of commands) {
    await follow(world, next)
    const [failure] = world.failures
    if (failure !== undefined) throw failure
  }
  while (await takeOne(world, 0));
  done.walks++
  if (world.row.revokedAt !== null) done.ends++
  await judgeEnd(world)
}

it(
  'no invariant is broken on random walks of hundreds of steps each',
  async () => {
    await fc.assert(fc.asyncProperty(fc.array(command, { minLength: 40, maxLength: 160 }), walk), {
      numRuns: ALL ? 5000 : 150,
      ...(!ALL && { interruptAfterTimeLimit: 20_000 }),
    })
    const { walks, steps, ends, launches } = done
    process.stdout.write(
      `races: ${walks} random walks, ${launches} operations, ${steps} steps, ${ends} ended the session\n`,
    )
    expect(steps).toBeGreaterThan(1000)
  },
  HOURS,
)
