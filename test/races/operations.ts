// What may happen at once? A table: each operation is real requests through the real door, with a gate where the network is.

import type { Runtime } from '../../src/actions/runtime.ts'
import { disableUser, endSessions } from '../../src/actions/users.ts'
import type { Who } from './scene.ts'
import type { World } from './world.ts'
import { GRACE, STALENESS } from './world.ts'

export type OperationName =
  | 'refresh'
  | 'logout'
  | 'revoke'
  | 'disable'
  | 'end all'
  | 'lost response'
  | 'use'
  | 'restart'
  | 'reuse'
export type WeatherName = 'five seconds pass' | 'the bound passes' | 'the grace passes' | 'timers run'

export interface Placed {
  readonly name: OperationName | WeatherName
  readonly node: number
}

type Act = (world: World, actor: number, node: number) => Promise<void>

export interface Operation {
  readonly says: string
  /** Ends the session, so that whoever is signed out afterwards is rightly so. */
  readonly ends?: true
  readonly run: Act
}

const always = (): boolean => true

/** A stop that belongs to no process: the network, a person's hand, the clock. */
async function stop(
  world: World,
  actor: number,
  label: string,
  enabled: () => boolean = always,
): Promise<void> {
  world.actor(actor).stage = label
  await world.gates.pass({ actor, node: -1, label, asks: '', work: null, enabled })
}

const up = (world: World, node: number) => () => world.process(node).up

/** Sends as soon as the process answers at all, reading the jar at that moment. */
async function request(world: World, actor: number, who: Who, node: number, method: string, path: string) {
  await stop(world, actor, `send ${method} ${path}`, up(world, node))
  return world.send(actor, who, node, method, path)
}

/** A tab refreshes; its answer takes its time. */
async function refresh(world: World, actor: number, node: number): Promise<void> {
  await stop(world, actor, 'send refresh', up(world, node))
  world.actor(actor).underWay = world.elapsed
  const cookies = await world.send(actor, 'owner', node, 'POST', '/auth/refresh')
  if (cookies !== null) {
    await stop(world, actor, `answer ${JSON.stringify(cookies.map(({ line }) => line))}`)
    world.scene.jars.owner.keep(cookies)
  }
  world.actor(actor).underWay = null
}

/** What the application's own code asks for. */
async function endAll(
  world: World,
  actor: number,
  node: number,
  act: (runtime: Runtime, userId: string) => Promise<unknown>,
): Promise<void> {
  await stop(world, actor, 'ask for the end of all', up(world, node))
  const done = await world.work(actor, node, async () => {
    await act(world.process(node).doors.runtime, world.scene.userId)
    return true
  })
  if (done) world.acknowledged.push({ node, at: world.elapsed, all: true })
}

export const OPERATIONS: Readonly<Record<OperationName, Operation>> = {
  refresh: { says: 'a tab of the owner refreshes', run: refresh },
  logout: {
    says: 'a tab of the owner signs out',
    ends: true,
    async run(world, actor, node) {
      await stop(world, actor, 'send logout', up(world, node))
      const cookies = await world.send(actor, 'owner', node, 'POST', '/auth/logout')
      if (cookies === null) return
      await stop(world, actor, 'answer of logout')
      world.scene.jars.owner.keep(cookies)
    },
  },
  revoke: {
    says: 'the user ends the session in the list, at another browser',
    ends: true,
    async run(world, actor, node) {
      await stop(world, actor, 'send revoke', up(world, node))
      await world.send(actor, 'other', node, 'DELETE', `/auth/sessions/${world.scene.sessionId}`)
    },
  },
  disable: {
    says: 'an administrator disables the account',
    ends: true,
    run: (world, actor, node) => endAll(world, actor, node, (runtime, id) => disableUser(runtime, id, {})),
  },
  'end all': {
    says: 'every session of the user is ended',
    ends: true,
    run: (world, actor, node) => endAll(world, actor, node, (runtime, id) => endSessions(runtime, id, {})),
  },
  'lost response': {
    says: 'a tab of the owner refreshes, the answer is lost, and it tries again at the other process',
    async run(world, actor, node) {
      await stop(world, actor, 'send refresh that is lost', up(world, node))
      world.actor(actor).underWay = world.elapsed
      await world.send(actor, 'owner', node, 'POST', '/auth/refresh')
      world.actor(actor).underWay = null
      await refresh(world, actor, 1 - node)
    },
  },
  use: {
    says: 'a tab of the owner calls the application with the access token',
    async run(world, actor, node) {
      await request(world, actor, 'owner', node, 'GET', '/app')
    },
  },
  restart: {
    says: 'the process is killed, forgets everything, and starts again',
    async run(world, actor, node) {
      await stop(world, actor, 'restart')
      await world.restart(actor, node)
    },
  },
  reuse: {
    says: 'a thief shows the refresh token that was used before',
    ends: true,
    async run(world, actor, node) {
      await stop(world, actor, 'send reuse', up(world, node))
      const cookies = await world.send(actor, 'thief', node, 'POST', '/auth/refresh')
      if (cookies) world.scene.jars.thief.keep(cookies)
    },
  },
}

function passes(milliseconds: number): Operation {
  return {
    says: `${milliseconds} ms pass`,
    async run(world, actor) {
      await stop(world, actor, 'time passes')
      world.advance(milliseconds)
    },
  }
}

/** What happens by itself, at any one point of a schedule. */
export const WEATHER: Readonly<Record<WeatherName, Operation>> = {
  'five seconds pass': passes(GRACE / 2),
  'the bound passes': passes(STALENESS + 1),
  'the grace passes': passes(GRACE + 1),
  'timers run': {
    says: 'the process polls the revocation log and writes its confirmations',
    async run(world, actor, node) {
      await stop(world, actor, 'timers run', up(world, node))
      await world.work(actor, node, async () => {
        for (const task of world.process(node).timers) task()
      })
    },
  },
}

const operationOf = (name: Placed['name']): Operation =>
  name in OPERATIONS ? OPERATIONS[name as OperationName] : WEATHER[name as WeatherName]

/** It goes as far as its first gate. */
export function launch(world: World, { name, node }: Placed): void {
  const { ends = false, run } = operationOf(name)
  const actor = world.actors.push({ ends, stage: '', work: null, underWay: null }) - 1
  run(world, actor, node).then(
    () => Object.assign(world.actor(actor), { stage: 'over' }),
    (error: unknown) => world.failures.push(error),
  )
}
