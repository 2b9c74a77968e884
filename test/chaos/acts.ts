// What does somebody do with a browser, and what do they make of the answer?
import type { ProcessVisitor, Reply } from '../support/processes.ts'
import type { Chance } from './chance.ts'
import type { Operation } from './history.ts'
import type { ChaosNode } from './nodes.ts'
import type { ChaosBrowser, KnownSession, Person } from './people.ts'
import { guess, keep, leave, move, nextPassword, textOf } from './people.ts'
import type { Draft, Learnt, Recorded, Recorder, Request } from './recorder.ts'
import { givenBy, shownBy } from './recorder.ts'

export interface World {
  readonly recorder: Recorder
  readonly nodes: readonly ChaosNode[]
  readonly origin: string
}

export interface Act {
  readonly world: World
  readonly browser: ChaosBrowser
  readonly node: ChaosNode
  readonly chance: Chance
  /** Milliseconds; less where the connection is to break off. */
  readonly patience: number
}

type Asked = Pick<Request, 'method' | 'path' | 'body'>

function send(
  { world, browser, node, patience }: Act,
  draft: Omit<Draft, 'user' | 'session'>,
  asked: Asked,
  learn?: (reply: Reply) => Learnt,
  visitor: ProcessVisitor = browser.visitor,
): Promise<Recorded> {
  const { user, ip } = browser.person
  return world.recorder.send(
    { ...draft, user, session: browser.session?.id ?? null },
    node,
    visitor,
    { ...asked, ip, patience },
    learn,
  )
}

const idOf = (value: unknown): string => (value as { readonly id: string }).id

const learnBegun = (reply: Reply): Learnt => ({ begun: idOf(reply.body.session), given: givenBy(reply) })

/** What an answer says of the session that was shown, whatever was asked. */
function heed({ world, browser }: Act, { operation }: Recorded, shown: KnownSession | null): void {
  const isOver = operation.code === 'session_revoked' || operation.code === 'unauthenticated'
  if (isOver && browser.session === shown) leave(browser, world.origin)
}

/** Whoever does not know of an account registers; of one person's browsers two may do so at once. */
export async function signIn(act: Act): Promise<void> {
  const { browser } = act
  const { person } = browser
  if (person.isRegistered) return login(act)
  const { operation, reply } = await send(
    act,
    { kind: 'register', password: `${person.user}.p0` },
    {
      method: 'POST',
      path: '/auth/register',
      body: { email: person.email, password: textOf(`${person.user}.p0`) },
    },
    learnBegun,
  )
  if (operation.code === 'conflict') person.isRegistered = true
  if (operation.outcome !== 'ok' || !reply) return
  person.isRegistered = true
  person.id = idOf(reply.body.user)
  keep(browser, idOf(reply.body.session))
}

export async function login(act: Act): Promise<void> {
  const { browser } = act
  const { person } = browser
  const { password } = person
  const { operation, reply } = await send(
    act,
    { kind: 'login', password },
    { method: 'POST', path: '/auth/login', body: { email: person.email, password: textOf(password) } },
    learnBegun,
  )
  if (operation.code === 'rate_limited') move(person)
  if (operation.code === 'invalid_credentials' && person.password === password) guess(person)
  if (operation.outcome !== 'ok' || !reply) return
  person.isRegistered = true
  person.id = idOf(reply.body.user)
  keep(browser, idOf(reply.body.session))
}

export const rolesIn = (roles: unknown): string => (Array.isArray(roles) ? roles.join(' ') : '')

export async function verify(act: Act): Promise<void> {
  const { session } = act.browser
  const recorded = await send(act, { kind: 'verify' }, { method: 'GET', path: '/' }, ({ body }) => ({
    roles: rolesIn(body.roles),
  }))
  heed(act, recorded, session)
  if (recorded.operation.code === 'token_expired') await refresh(act)
}

export async function me(act: Act): Promise<void> {
  const { session } = act.browser
  const recorded = await send(act, { kind: 'me' }, { method: 'GET', path: '/auth/me' }, ({ body }) => ({
    roles: rolesIn((body.user as { readonly roles: unknown }).roles),
  }))
  heed(act, recorded, session)
  if (recorded.operation.code === 'token_expired') await refresh(act)
}

export async function refresh(act: Act, visitor?: ProcessVisitor): Promise<void> {
  const { browser } = act
  const { session } = browser
  const shown = shownBy(visitor ?? browser.visitor)
  const recorded = await send(
    act,
    { kind: 'refresh', shown },
    { method: 'POST', path: '/auth/refresh' },
    // A browser is not sent again what it has shown.
    (reply) => ({ given: givenBy(reply) ?? shown }),
    visitor,
  )
  heed(act, recorded, session)
  if (recorded.operation.outcome === 'ok' && session && browser.session === session) keep(browser, session.id)
}

/** Two tabs, which share the cookies, at two nodes. */
export async function refreshTwice(act: Act): Promise<void> {
  const other = act.chance.pick(act.world.nodes)
  await Promise.all([refresh(act), refresh({ ...act, node: other })])
}

export async function logout(act: Act): Promise<void> {
  const { browser, world } = act
  const { session } = browser
  const { operation } = await send(act, { kind: 'logout' }, { method: 'POST', path: '/auth/logout' })
  if (operation.outcome === 'ok' && browser.session === session) leave(browser, world.origin)
}

export async function logoutAll(act: Act): Promise<void> {
  const { browser, world } = act
  const { session } = browser
  const recorded = await send(act, { kind: 'logout-all' }, { method: 'POST', path: '/auth/logout-all' })
  heed(act, recorded, session)
  if (recorded.operation.outcome === 'ok' && browser.session === session) leave(browser, world.origin)
}

export async function revokeOther(act: Act): Promise<void> {
  const { browser, chance } = act
  const { session, person } = browser
  const others = person.browsers.flatMap((each) =>
    each.session && each.session !== session ? [each.session.id] : [],
  )
  if (others.length === 0) return verify(act)
  const target = chance.pick(others)
  const asked = { method: 'DELETE', path: `/auth/sessions/${target}` }
  heed(act, await send(act, { kind: 'revoke', target }, asked), session)
}

export async function revokeOthers(act: Act): Promise<void> {
  const { session } = act.browser
  const asked = { method: 'POST', path: '/auth/sessions/revoke-others' }
  heed(act, await send(act, { kind: 'revoke-others' }, asked), session)
}

export async function changePassword(act: Act): Promise<void> {
  const { browser } = act
  const { person, session } = browser
  const [current, next, before] = [person.password, nextPassword(person), [...person.candidates]]
  person.candidates.add(next)
  const recorded = await send(
    act,
    { kind: 'change-password', password: next },
    {
      method: 'POST',
      path: '/auth/password/change',
      body: { currentPassword: textOf(current), newPassword: textOf(next) },
    },
    learnBegun,
  )
  const { operation, reply } = recorded
  heed(act, recorded, session)
  if (operation.outcome === 'ok' && reply) {
    person.password = next
    for (const each of before) person.candidates.delete(each)
    keep(browser, idOf(reply.body.session))
  }
}

/** Somebody at the node gives the user other roles. */
export async function setRoles({ world, browser, node }: Act): Promise<Operation | null> {
  const { person } = browser
  if (person.id === null) return null
  const roles = `r${person.roles++}`
  return world.recorder.setRoles({ kind: 'set-roles', user: person.user }, node, person.id, roles)
}

export interface Showing {
  readonly person: Person
  readonly session: KnownSession
  readonly kind: 'verify' | 'me' | 'refresh'
  /** Default: the newest there is. */
  readonly copy?: ProcessVisitor | undefined
  /** Milliseconds. */
  readonly patience: number
  /** By the owner: what comes of it is no excuse for a refusal. Default false. */
  readonly byOwner?: boolean
}

const PATHS = { verify: ['GET', '/'], me: ['GET', '/auth/me'], refresh: ['POST', '/auth/refresh'] } as const

/** Somebody shows what a browser once held. */
export async function showCopy(
  { recorder }: World,
  node: ChaosNode,
  { person, session, kind, patience, copy = session.copies.at(-1), byOwner = false }: Showing,
): Promise<Operation | null> {
  if (!copy) return null
  const [method, path] = PATHS[kind]
  const visitor = copy.copy()
  const shown = kind === 'refresh' ? shownBy(visitor) : null
  const { operation } = await recorder.send(
    { kind, user: person.user, session: session.id, stolen: !byOwner, shown },
    node,
    visitor,
    { method, path, ip: person.ip, patience },
    (reply) => (kind === 'refresh' ? { given: givenBy(reply) ?? shown } : {}),
  )
  return operation
}
