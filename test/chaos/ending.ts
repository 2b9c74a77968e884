// Is everything that was promised there, once all is whole again?
import { setTimeout as pause } from 'node:timers/promises'
import type { Showing, World } from './acts.ts'
import { showCopy } from './acts.ts'
import type { Chance } from './chance.ts'
import type { Operation } from './history.ts'
import type { ChaosNode } from './nodes.ts'
import type { Person } from './people.ts'
import { move, openBrowser, textOf } from './people.ts'
import { GRACE, STALENESS_BOUND } from './reading.ts'
import { givenBy } from './recorder.ts'

/** Milliseconds in which everybody is served again; within them 503 is tried again. Plenty, for a machine that has much else to do. */
const RECOVERY = 60_000
/** Milliseconds after which an answer does not come any more. */
const PATIENCE = 30_000
const BETWEEN_TRIES = 200
/** How many are asked for at a time. */
const WIDTH = 8

export async function askForAll(world: World, people: readonly Person[], chance: Chance): Promise<void> {
  world.recorder.phase = 'end'
  await Promise.all(world.nodes.map(untilReady))
  await pause(STALENESS_BOUND)
  await each(people, (person) => signInAgain(world, person, chance))
  const kept = people.flatMap((person) =>
    [...person.sessions.values()].map((session) => ({ person, session, patience: PATIENCE })),
  )
  await each(kept, async (one) => {
    const renewal: Showing = { ...one, kind: 'refresh', byOwner: true }
    await insist(world, chance, (node) => showCopy(world, node, renewal))
    for (const node of world.nodes) await showCopy(world, node, { ...one, kind: 'verify' })
  })
  // A row that was rotated a moment ago refuses old tokens by that alone.
  if (kept.some(({ session }) => session.copies.length > 2)) await pause(GRACE)
  // The oldest first: were it accepted, there would be two who hold a token that is renewed.
  await each(kept, async (one) => {
    for (const copy of one.session.copies)
      await showCopy(world, chance.pick(world.nodes), { ...one, kind: 'refresh', copy })
  })
}

async function untilReady({ port }: ChaosNode): Promise<void> {
  const end = performance.now() + RECOVERY
  while (performance.now() < end) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null)
    if (answer?.ok) return
    await pause(BETWEEN_TRIES)
  }
}

/** With the password that is right as far as is known, and with each that may be. */
async function signInAgain(world: World, person: Person, chance: Chance): Promise<void> {
  const { user, email, password, candidates } = person
  if (!person.isRegistered) return
  for (const each of new Set([password, ...candidates])) {
    const body = { email, password: textOf(each) }
    const last = await insist(world, chance, async (node) => {
      const { operation } = await world.recorder.send(
        { kind: 'login', user, password: each },
        node,
        openBrowser(person, world.origin).visitor,
        { method: 'POST', path: '/auth/login', body, ip: person.ip, patience: PATIENCE },
        (reply) => ({ begun: (reply.body.session as { id: string }).id, given: givenBy(reply) }),
      )
      if (operation.code === 'rate_limited') move(person)
      return operation
    })
    if (last?.outcome === 'ok') return
  }
}

/** Until somebody knows the answer, or it has taken too long. */
async function insist(
  { nodes }: World,
  chance: Chance,
  ask: (node: ChaosNode) => Promise<Operation | null>,
): Promise<Operation | null> {
  const end = performance.now() + RECOVERY
  for (;;) {
    const operation = await ask(chance.pick(nodes))
    const isOpen = operation?.outcome === 'unknown' || operation?.code === 'rate_limited'
    if (!isOpen || performance.now() > end) return operation
    await pause(BETWEEN_TRIES)
  }
}

async function each<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...all]
  const worker = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one)
  }
  await Promise.all(Array.from({ length: WIDTH }, worker))
}
