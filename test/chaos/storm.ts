// What goes on while faults are injected? Everybody does what people do, and somebody tries what has ended.
import { setTimeout as pause } from 'node:timers/promises'
import type { Act, Showing, World } from './acts.ts'
import {
  changePassword,
  login,
  logout,
  logoutAll,
  me,
  refresh,
  refreshTwice,
  revokeOther,
  revokeOthers,
  setRoles,
  showCopy,
  signIn,
  verify,
} from './acts.ts'
import type { Chance } from './chance.ts'
import type { ChaosNode } from './nodes.ts'
import type { ChaosBrowser, KnownSession, Person } from './people.ts'

type Name =
  | 'verify'
  | 'me'
  | 'refresh'
  | 'refreshTwice'
  | 'login'
  | 'logout'
  | 'logoutAll'
  | 'revokeOther'
  | 'revokeOthers'
  | 'changePassword'
  | 'setRoles'

const ACTS: Readonly<Record<Name, (act: Act) => Promise<unknown>>> = {
  verify,
  me,
  refresh,
  refreshTwice,
  login,
  logout,
  logoutAll,
  revokeOther,
  revokeOthers,
  changePassword,
  setRoles,
}

/** How often each is done by somebody who is signed in. */
const WEIGHTS: Readonly<Record<Name, number>> = {
  verify: 40,
  me: 12,
  refresh: 14,
  refreshTwice: 6,
  login: 2,
  logout: 4,
  logoutAll: 1.5,
  revokeOther: 3,
  revokeOthers: 1.5,
  changePassword: 2,
  setRoles: 2,
}

/** Milliseconds after which somebody gives up: less than the grace of a refresh. */
const PATIENCE = 8000
/** By those who leave their sessions alone, so that some live long enough to be renewed again and again. */
const QUIET: typeof WEIGHTS = {
  ...WEIGHTS,
  login: 0,
  logout: 0.2,
  logoutAll: 0,
  revokeOther: 0,
  revokeOthers: 0,
  changePassword: 0,
}

/** Milliseconds between two acts of one browser. */
const THINK = [10, 150] as const
/** One act in so many is cut off before its answer is there, within so many milliseconds. */
const CUT = { one: 12, within: 25 }
/** Milliseconds, longer than the grace. */
const SLEEP = 11_000
/** One request in so many goes to whichever node, though it is known to be down. */
const BLIND = 15
/** Milliseconds in which an ended session is tried over and over, and those between two tries. */
const FRESH = 4000
const BETWEEN_TRIES = 25
/** One try in so many is a theft, of a session that has had so many generations. */
const THEFTS = { one: 60, generations: 3 }

export interface Storm {
  readonly world: World
  readonly people: readonly Person[]
  readonly chance: Chance
  /** Of each session that was seen to end: when. */
  readonly ended: Map<KnownSession, { readonly person: Person; readonly at: number }>
}

/** Resolves once everybody has stopped; nobody begins anything after `until`. */
export async function rage(storm: Storm, until: number): Promise<void> {
  const { people, chance } = storm
  const browsers = people.flatMap((person) => person.browsers)
  await Promise.all([
    ...browsers.map((browser) => use(storm, browser, chance.fork(), until)),
    ...Array.from({ length: 4 }, () => haunt(storm, chance.fork(), until)),
  ])
}

function chooseNode({ nodes }: World, chance: Chance): ChaosNode {
  const up = nodes.filter(({ isUp }) => isUp)
  return chance.pick(up.length > 0 && chance.next() > 1 / BLIND ? up : nodes)
}

async function use(storm: Storm, browser: ChaosBrowser, chance: Chance, until: number): Promise<void> {
  const { world } = storm
  for (;;) {
    await pause(chance.between(...THINK))
    if (performance.now() > until) return
    const isCut = chance.next() < 1 / CUT.one
    const patience = isCut ? chance.between(1, CUT.within) : PATIENCE
    const act: Act = { world, browser, node: chooseNode(world, chance), chance, patience }
    const before = browser.person.browsers.map(({ session }) => session)
    const name = chance.weighted(browser.person.isQuiet ? QUIET : WEIGHTS)
    if (browser.session === null) await signIn(act)
    else await ACTS[name](act)
    noteEnds(storm, browser.person, before)
    // A machine that is closed now comes back when the grace is over, with a token whose successor it never got.
    if (isCut && name === 'refresh') await pause(Math.min(SLEEP, until - performance.now()))
  }
}

/** Whoever holds a copy of what is gone now will try it. */
function noteEnds({ ended }: Storm, person: Person, before: readonly (KnownSession | null)[]): void {
  const present = person.browsers.map(({ session }) => session)
  for (const session of before) {
    if (session && !present.includes(session) && !ended.has(session))
      ended.set(session, { person, at: performance.now() })
  }
}

/** Tries copies: of what ended just now over and over, on every node, of what ended long ago now and then, and seldom of what lives. */
async function haunt(storm: Storm, chance: Chance, until: number): Promise<void> {
  const { world } = storm
  for (;;) {
    await pause(chance.between(0, 2 * BETWEEN_TRIES))
    if (performance.now() > until) return
    const showing = chance.next() < 1 / THEFTS.one ? steal(storm, chance) : exhume(storm, chance)
    if (showing) await showCopy(world, chooseNode(world, chance), { ...showing, patience: PATIENCE })
  }
}

type Shown = Omit<Showing, 'patience'>

function exhume({ ended }: Storm, chance: Chance): Shown | null {
  const all = [...ended]
  const fresh = all.filter(([, { at }]) => performance.now() - at < FRESH)
  const from = fresh.length > 0 && chance.next() < 0.85 ? fresh : all
  if (from.length === 0) return null
  const [session, { person }] = chance.pick(from)
  return { person, session, kind: chance.weighted({ verify: 8, me: 1, refresh: 1 }) }
}

/** A refresh token that was used long ago, of a session that somebody uses: it ends for both. */
function steal({ people }: Storm, chance: Chance): Shown | null {
  const used = people.flatMap((person) =>
    person.browsers.flatMap(({ session }) =>
      session && session.copies.length >= THEFTS.generations ? [{ person, session }] : [],
    ),
  )
  if (used.length === 0) return null
  const { person, session } = chance.pick(used)
  return {
    person,
    session,
    kind: 'refresh',
    copy: chance.pick(session.copies.slice(0, 1 - THEFTS.generations)),
  }
}
