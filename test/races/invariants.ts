// What must never happen, in whatever order things happen? Seven sentences, each with the function that looks for its breach.
import { authenticate } from '../../src/actions/authenticate.ts'
import { decideRotation } from '../../src/core/session/rotation.ts'
import type { JarCookie } from '../support/browser.ts'
import type { Jar } from './jar.ts'
import type { Answered, StoreStep, World } from './world.ts'
import { GRACE, STALENESS } from './world.ts'

export const INVARIANTS = {
  lineage:
    'a session has one lineage: its generation never falls, whatever is served holds the row’s, and what was burned is never served',
  owner: 'a client that never reuses is never signed out, unless somebody ended the session',
  reuse: 'a refresh token that was used, and whose successor was seen, ends the session',
  ended:
    'after an acknowledged end nothing is accepted: at once by the process that said so, by every process after the staleness bound, and after a restart',
  losers:
    'a refresh that is refused sets and clears no cookie, unless it proved a reuse; none puts an old token back',
  works: 'what was answered 200 works, until the session ends',
  calm: 'no answer is a 5xx',
} as const

export type InvariantName = keyof typeof INVARIANTS

export class Breach extends Error {
  readonly invariant: InvariantName

  constructor(invariant: InvariantName, what: string) {
    super(`${INVARIANTS[invariant]}: but ${what}`)
    this.invariant = invariant
  }
}

function demand(invariant: InvariantName, holds: boolean, what: () => string): void {
  if (!holds) throw new Breach(invariant, what())
}

/** After each step of the store. */
export function judgeStep(world: World, { name, given, answer, before, after }: StoreStep): void {
  const tell = () => `${name} left ${JSON.stringify(after)} where ${JSON.stringify(before)} was`
  demand('lineage', after.generation >= before.generation, tell)
  demand('lineage', after.confirmedGeneration >= before.confirmedGeneration, tell)
  demand('lineage', after.confirmedGeneration <= after.generation, tell)
  demand('lineage', after.predecessor === null || after.predecessor < after.generation, tell)
  if (before.revokedAt !== null) {
    demand('ended', after.revokedAt !== null && after.generation === before.generation, tell)
  }
  demand(
    'lineage',
    successorsOf(world).size <= 1,
    () => `${tell()}, and two tokens have different successors`,
  )
  if (name !== 'sessions.swap' || answer === null) return
  const [{ swap }] = given as [{ swap: { from: number; to: number; predecessor: number } }]
  demand('lineage', swap.from === before.generation && swap.to > before.generation, tell)
  demand(
    'lineage',
    before.predecessor === null || Math.abs(world.time - before.rotatedAt) > GRACE,
    () => `${tell()}, twice in a grace`,
  )
  for (let burned = swap.predecessor + 1; burned < swap.to; burned++) world.burned.add(burned)
}

/**
 * What the tokens that would be served now, or after the grace, would be exchanged for: the present generation and its
 * predecessor at most, and both for the same one.
 */
function successorsOf({ row, time }: World): ReadonlySet<number> {
  const successors = new Set<number>()
  for (let presented = 0; presented <= row.generation; presented++) {
    const verdict = decideRotation({
      session: { ...row, rotatedAt: row.rotatedAt - GRACE - 1 },
      presented,
      now: time,
      grace: GRACE,
    })
    if ('swap' in verdict) successors.add(verdict.swap.to)
  }
  return successors
}

/** After each step in which a request was answered. */
export function judgeAnswer(world: World, answer: Answered): void {
  demand('calm', answer.status < 500, () => tell(answer))
  if (answer.path === '/auth/refresh') {
    if (answer.status === 200) judgeServed(world, answer)
    else judgeRefused(world, answer)
  } else if (answer.path === '/app') judgeUse(world, answer)
  else judgeEnd(world, answer)
}

const clears = ({ attributes }: JarCookie): boolean => attributes.get('max-age') === '0'

const tell = ({ who, path, node, status, code, shown, cookies }: Answered): string => {
  const set = cookies.map((cookie) => `${clears(cookie) ? 'cleared' : 'set'} ${cookie.name}`).join(', ')
  return `${who} was answered ${status} ${code ?? ''} at ${path} of process ${node}, having shown ${shown}, with ${set || 'no cookie'}`
}

function judgeServed(world: World, answer: Answered): void {
  const { row, burned, slow } = world
  const { shown, handed, after } = answer
  demand('reuse', !answer.wasUsed, () => tell(answer))
  if (answer.who === 'thief') world.thiefServed = true
  demand('ended', after.acknowledged === 0, () => `${tell(answer)}, after the end`)
  demand('lineage', shown === null || !burned.has(shown), () => `${tell(answer)}, which had been burned`)
  demand('losers', handed !== null && handed >= (shown ?? 0), () => tell(answer))
  demand(
    'losers',
    answer.cookies.some((cookie) => !clears(cookie)),
    () => tell(answer),
  )
  // A browser must not be sent again what it showed: an answer that comes late would put it in its successor's place.
  demand('losers', !answer.again, () => `${tell(answer)}, which it held`)
  if (row.revokedAt !== null || slow) return
  const current = handed === row.generation || handed === row.predecessor
  demand('works', current, () => `${tell(answer)}, and the row is at ${row.generation}`)
}

function judgeRefused(world: World, answer: Answered): void {
  const { row } = world
  const { who, shown, cookies } = answer
  const proven = row.revokedAt !== null && shown !== null && shown < row.generation
  demand('losers', cookies.length === 0 || (proven && cookies.every(clears)), () => tell(answer))
  if (cookies.length > 0) world.acknowledged.push({ node: answer.node, at: world.elapsed, all: false })
  if (who === 'owner') demand('owner', world.endBegun || world.slow, () => tell(answer))
  if (answer.wasUsed && findsReuse(world, answer))
    demand('reuse', row.revokedAt !== null, () => `${tell(answer)}, and the session lives`)
}

/** The opaque strategy rotates nothing: a session token that was exchanged since is refused there, and ends nothing. */
const findsReuse = (world: World, { who, node }: Answered): boolean =>
  world.strategy(node) === 'jwt' || world.scene.jars[who].value('refresh_token') !== ''

function judgeUse(world: World, answer: Answered): void {
  const { status, code, after } = answer
  demand('losers', answer.cookies.length === 0, () => tell(answer))
  if (status === 200) demand('ended', after.known === 0, () => `${tell(answer)}, after the end`)
  else {
    const renewable = code === 'token_expired' && (world.mayExpire || !isUniform(world))
    demand('owner', renewable || world.endBegun || world.slow, () => tell(answer))
  }
}

/** While an installation changes its strategy, a browser refreshes when it comes to a process of the other one. */
const isUniform = (world: World): boolean => world.strategy(0) === world.strategy(1)

/** Sign-out and revocation. One that came second says so, or says the same. */
function judgeEnd(world: World, answer: Answered): void {
  if (answer.status !== 204) return
  demand('ended', world.row.revokedAt !== null, () => `${tell(answer)}, and the session lives`)
  world.acknowledged.push({ node: answer.node, at: world.elapsed, all: false })
}

/** When every operation is over: what do the tokens do that anybody ever held? */
export async function judgeEndOfRun(world: World): Promise<void> {
  world.gates.removeAll()
  await world.readRow()
  if (world.row.revokedAt !== null) return judgeDeath(world)
  demand('ended', world.acknowledged.length === 0, () => 'the session lives')
  await judgeLife(world)
}

async function judgeDeath(world: World): Promise<void> {
  for (const { node, all } of world.acknowledged) await refuseAll(world, node, all, 'at once')
  world.advance(STALENESS + 1)
  const all = world.acknowledged.some((end) => end.all)
  for (const { index } of world.processes) await refuseAll(world, index, all, 'after the bound')
  for (const { index } of world.processes) {
    await world.restartIdle(index)
    await refuseAll(world, index, all, 'after a restart')
    for (const jar of world.jarsEver) await refuseRefresh(world, index, jar)
  }
}

async function refuseAll(world: World, node: number, all: boolean, when: string): Promise<void> {
  const { other } = world.scene.jars
  const others = all ? [other.value('access_token') || other.value('session')] : []
  for (const token of [...world.issued.keys(), ...others]) {
    const verdict = await authenticate(world.process(node).doors.runtime, token, 'cookie')
    demand('ended', !verdict.ok, () => `process ${node} accepts a token ${when}`)
  }
}

async function refuseRefresh(world: World, node: number, jar: Jar): Promise<void> {
  const { status, cookies } = await world.ask(jar.copy(), node, 'POST', '/auth/refresh')
  demand('ended', status === 401, () => `a refresh is answered ${status} after the end`)
  demand('losers', cookies.length === 0, () => 'a refresh after the end cleared cookies')
}

/** The owner goes on, now and after the grace, at either process; and then a thief comes with what the owner has used. */
async function judgeLife(world: World): Promise<void> {
  const { owner } = world.scene.jars
  const user = await world.raw.users.find(world.scene.userId)
  // A thief who keeps pace cannot be told from the owner; `docs/threat-model.md` names this limit, too.
  if (world.slow || world.thiefServed || !user || user.disabledAt !== null) return
  const held = owner.copy()
  for (const [wait, node] of [
    [0, 0],
    [GRACE + 1, 1],
    [GRACE + 1, 0],
  ] as const) {
    world.advance(wait)
    const { status, code } = await world.ask(owner, node, 'POST', '/auth/refresh')
    demand('owner', status === 200, () => `the owner’s next refresh is answered ${status} ${code}`)
    await askEverywhere(world, node)
  }
  if (world.strategy(0) !== 'jwt') return
  world.advance(GRACE + 1)
  for (const { doors } of world.processes) await doors.runtime.confirmations.flush()
  const stolen = await world.ask(held, 0, 'POST', '/auth/refresh')
  demand('reuse', stolen.status === 401, () => `a used token is answered ${stolen.status}`)
  for (const { index } of world.processes) {
    const refreshed = await world.ask(owner.copy(), index, 'POST', '/auth/refresh')
    demand('reuse', refreshed.status === 401, () => `the owner is answered ${refreshed.status} after a reuse`)
  }
  const used = await world.ask(owner, 0, 'GET', '/app')
  demand('ended', used.status === 401, () => 'the process that found the reuse goes on accepting')
}

/** At the process that has just renewed it, and at every other of its strategy. */
async function askEverywhere(world: World, renewedAt: number): Promise<void> {
  for (const { index } of world.processes) {
    if (world.strategy(index) !== world.strategy(renewedAt)) continue
    const { status, code } = await world.ask(world.scene.jars.owner, index, 'GET', '/app')
    demand('works', status === 200, () => `the owner is answered ${status} ${code} at process ${index}`)
  }
}
