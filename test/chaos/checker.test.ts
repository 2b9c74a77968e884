// Is the checker worth anything? Each planted violation must be found, and what is odd but legal must pass.
import { describe, expect, it } from 'vitest'
import { check, RULES } from './checker.ts'
import type { Exit, Fault, Operation } from './history.ts'
import { historyOf, pauseOf, tell } from './story.ts'

interface Case {
  readonly what: string
  readonly operations: readonly Operation[]
  readonly faults?: readonly Fault[]
  readonly exits?: readonly Exit[]
}

interface Plant extends Case {
  readonly rule: string
}

const S = { session: 's' } as const
const registered = tell('register', 0, 1, { begun: 's', given: 0, password: 'p0' })
const signedOut = tell('logout', 10, 11, S)
const lost = { outcome: 'unknown' } as const
const refresh = (start: number, end: number, shown: number, given: number, facts = {}): Operation =>
  tell('refresh', start, end, { ...S, shown, given, ...facts })

const PLANTS: readonly Plant[] = [
  {
    rule: 'one account',
    what: 'two registrations of one address that are both acknowledged',
    operations: [registered, tell('register', 0.5, 2, { node: 1, begun: 't', password: 'p1' })],
  },
  {
    rule: 'passwords kept',
    what: 'a registration that is acknowledged and then forgotten',
    operations: [registered, tell('login', 20, 21, { password: 'p0', code: 'invalid_credentials' })],
  },
  {
    rule: 'passwords kept',
    what: 'a change of password that is acknowledged and then forgotten',
    operations: [
      registered,
      tell('change-password', 5, 6, { ...S, begun: 't', password: 'p1' }),
      tell('login', 20, 21, { password: 'p1', code: 'invalid_credentials' }),
    ],
  },
  {
    rule: 'passwords kept',
    what: 'a forgotten change, where an earlier one of unknown outcome was over before',
    operations: [
      registered,
      tell('change-password', 2, 3, { ...S, ...lost, password: 'p1', until: 4 }),
      tell('change-password', 5, 6, { ...S, begun: 't', password: 'p2' }),
      tell('login', 20, 21, { password: 'p2', code: 'invalid_credentials' }),
    ],
  },
  {
    rule: 'passwords replaced',
    what: 'an old password that is accepted after an acknowledged change',
    operations: [
      registered,
      tell('change-password', 5, 6, { ...S, begun: 't', password: 'p1' }),
      tell('login', 6.1, 7, { node: 2, begun: 'u', password: 'p0' }),
    ],
  },
  {
    rule: 'passwords replaced',
    what: 'a password of unknown outcome that comes back after a later, acknowledged change',
    operations: [
      registered,
      tell('change-password', 2, 3, { ...S, ...lost, password: 'p1', until: 4 }),
      tell('change-password', 5, 6, { ...S, begun: 't', password: 'p2' }),
      tell('login', 20, 21, { begun: 'u', password: 'p1' }),
    ],
  },
  {
    rule: 'accounts served',
    what: 'an account with which nobody can sign in at the end',
    operations: [
      registered,
      tell('login', 90, 91, { ...lost, phase: 'end', password: 'p0' }),
      refresh(90, 91, 0, 1, { phase: 'end' }),
    ],
  },
  {
    rule: 'roles kept',
    what: 'old roles that another node shows after the bound',
    operations: [
      registered,
      tell('set-roles', 5, 6, { roles: 'editor' }),
      tell('verify', 8.1, 8.2, { ...S, node: 1, roles: '' }),
    ],
  },
  {
    rule: 'roles kept',
    what: 'old roles that the node shows which has changed them',
    operations: [
      registered,
      tell('set-roles', 5, 6, { roles: 'editor' }),
      tell('set-roles', 7, 8, { roles: 'reader' }),
      tell('verify', 8.1, 8.2, { ...S, roles: 'editor' }),
    ],
  },
  {
    rule: 'ends kept',
    what: 'a session that another node accepts after the bound',
    operations: [registered, signedOut, tell('verify', 13.1, 13.2, { ...S, node: 1 })],
  },
  {
    rule: 'ends kept',
    what: 'a session that the node accepts which has just ended it',
    operations: [registered, signedOut, tell('verify', 11.1, 11.2, S)],
  },
  {
    rule: 'ends kept',
    what: 'a session that is renewed after its end, before the bound',
    operations: [registered, signedOut, refresh(11.1, 11.2, 0, 1, { node: 1 })],
  },
  {
    rule: 'ends kept',
    what: 'a session that is accepted again by a node that was started again',
    operations: [registered, signedOut, tell('me', 60, 61, { ...S, life: 1 })],
  },
  {
    rule: 'ends kept',
    what: 'a request that waited in a node that stood still, and is accepted when it wakes, after the bound',
    operations: [registered, signedOut, tell('verify', 12, 16.2, { ...S, node: 1 })],
    faults: [pauseOf(1, 10.5, 16)],
  },
  {
    rule: 'ends kept',
    what: 'a session that ended by signing out everywhere',
    operations: [
      registered,
      tell('logout-all', 10, 11, { session: 't' }),
      tell('verify', 20, 20.1, { ...S, node: 1 }),
    ],
  },
  {
    rule: 'ends kept',
    what: 'a session that ended by a change of password',
    operations: [
      registered,
      tell('change-password', 10, 11, { session: 't', begun: 'u', password: 'p1' }),
      tell('verify', 20, 20.1, { ...S, node: 1 }),
    ],
  },
  {
    rule: 'ends kept',
    what: 'a session that was ended from another',
    operations: [
      registered,
      tell('revoke', 10, 11, { session: 't', target: 's' }),
      tell('verify', 20, 20.1, { ...S, node: 1 }),
    ],
  },
  {
    rule: 'ends kept',
    what: 'a session that was ended with all others',
    operations: [
      registered,
      tell('revoke-others', 10, 11, { session: 't' }),
      tell('verify', 20, 20.1, { ...S, node: 1 }),
    ],
  },
  {
    rule: 'ends kept',
    what: 'a session that the browser carried when it signed in anew',
    operations: [
      registered,
      tell('login', 10, 11, { ...S, begun: 't', password: 'p0' }),
      tell('verify', 20, 20.1, { ...S, node: 1 }),
    ],
  },
  {
    rule: 'ends kept',
    what: 'a session that comes back after somebody was told that it had ended, whoever ended it',
    operations: [
      registered,
      tell('logout', 10, 11, { ...S, ...lost }),
      tell('verify', 12, 12.1, { ...S, code: 'session_revoked' }),
      tell('verify', 14.2, 14.3, { ...S, node: 1 }),
    ],
  },
  {
    rule: 'ends kept',
    what: 'a session that a node accepts which has just refused it, by what it knows',
    operations: [
      registered,
      tell('logout', 10, 11, { ...S, ...lost }),
      tell('verify', 12, 12.1, { ...S, node: 1, code: 'session_revoked' }),
      tell('verify', 12.2, 12.3, { ...S, node: 1 }),
    ],
  },
  {
    rule: 'nobody signed out',
    what: 'a session that is refused though nobody has ended it',
    operations: [registered, tell('verify', 20, 20.1, { ...S, code: 'session_revoked' })],
  },
  {
    rule: 'nobody signed out',
    what: 'a session that is ended because the answer to its refresh was lost',
    operations: [
      registered,
      tell('refresh', 20, 20.1, { ...S, ...lost, shown: 0, until: 20.2 }),
      tell('refresh', 40, 40.1, { ...S, shown: 0, code: 'session_revoked' }),
    ],
  },
  {
    rule: 'nobody signed out',
    what: 'a session that is refused before anything that could have ended it began',
    operations: [registered, tell('verify', 9, 9.5, { ...S, code: 'session_revoked' }), signedOut],
  },
  {
    rule: 'nobody signed out',
    what: 'a session that signing out another one has ended',
    operations: [
      registered,
      tell('logout', 10, 11, { session: 't' }),
      tell('verify', 20, 20.1, { ...S, code: 'session_revoked' }),
    ],
  },
  {
    rule: 'sessions served',
    what: 'a session that cannot be renewed at the end',
    operations: [
      registered,
      tell('login', 90, 91, { phase: 'end', begun: 't', password: 'p0' }),
      tell('refresh', 90, 91, { ...S, ...lost, phase: 'end', shown: 0 }),
    ],
  },
  {
    rule: 'sessions served',
    what: 'a session that was not renewed at the end, before a thief came',
    operations: [
      registered,
      tell('login', 88, 89, { phase: 'end', begun: 't', password: 'p0' }),
      tell('refresh', 90, 91, { ...S, ...lost, phase: 'end', shown: 0 }),
      tell('refresh', 92, 93, { ...S, phase: 'end', stolen: true, shown: 0, code: 'session_revoked' }),
    ],
  },
  {
    rule: 'one token',
    what: 'two nodes that hand out two different successors',
    operations: [
      registered,
      refresh(20, 21, 0, 1),
      refresh(20, 21, 0, 1, { given: { generation: 1, hash: 'x' } }),
    ],
  },
  {
    rule: 'never back',
    what: 'an answer that is older than what was shown',
    operations: [registered, refresh(20, 21, 0, 1), refresh(40, 41, 1, 2), refresh(60, 61, 2, 1)],
  },
  {
    rule: 'one lineage',
    what: 'an old token that is accepted after its successor was renewed',
    operations: [
      registered,
      refresh(20, 21, 0, 1),
      refresh(40, 41, 1, 2),
      refresh(42, 43, 0, 1, { node: 1 }),
    ],
  },
  {
    rule: 'reuse ends',
    what: 'a session that outlives the reuse of an old token',
    operations: [
      registered,
      refresh(20, 21, 0, 1),
      refresh(40, 41, 1, 2),
      tell('refresh', 60, 61, { ...S, stolen: true, shown: 0, code: 'unauthenticated' }),
      refresh(62, 63, 2, 3),
    ],
  },
  {
    rule: 'server errors',
    what: 'a 500',
    operations: [registered, tell('me', 20, 21, { ...S, ...lost, status: 500 })],
  },
  {
    rule: 'server errors',
    what: 'a 503 that does not say when to come again',
    operations: [registered, tell('me', 20, 21, { ...S, ...lost, status: 503 })],
  },
  {
    rule: 'refusals',
    what: 'a fault that is taken for a fault of the sender',
    operations: [registered, tell('refresh', 20, 21, { ...S, shown: 0, code: 'csrf_failed' })],
  },
  {
    rule: 'crashes',
    what: 'a node that ends by itself',
    operations: [registered],
    exits: [{ node: 1, at: 30_000, code: 1 }],
  },
]

const LEGAL: readonly Case[] = [
  { what: 'nothing at all', operations: [] },
  {
    what: 'a registration whose answer was lost, and that was tried again',
    operations: [
      tell('register', 0, 1, { ...lost, password: 'p0', until: 1 }),
      tell('register', 2, 3, { node: 1, password: 'p0', code: 'conflict' }),
      tell('login', 4, 5, { begun: 's', given: 0, password: 'p0' }),
    ],
  },
  {
    what: 'a registration that was tried twice with one password, and made once',
    operations: [
      tell('register', 0, 1, { ...lost, password: 'p0', until: 1 }),
      tell('register', 2, 3, { node: 1, begun: 's', password: 'p0' }),
      tell('login', 4, 5, { begun: 't', given: 0, password: 'p0' }),
    ],
  },
  {
    what: 'a registration whose answer was lost, and that never came to be',
    operations: [
      tell('register', 0, 1, { ...lost, password: 'p0' }),
      tell('login', 4, 5, { password: 'p0', code: 'invalid_credentials' }),
    ],
  },
  {
    what: 'a change of password whose answer was lost: either is right, the old one and then the new one',
    operations: [
      registered,
      tell('change-password', 5, 6, { ...S, ...lost, password: 'p1', until: 30 }),
      tell('login', 7, 8, { begun: 't', password: 'p0' }),
      tell('login', 31, 32, { password: 'p0', code: 'invalid_credentials' }),
      tell('login', 33, 34, { begun: 'u', password: 'p1' }),
    ],
  },
  {
    what: 'a change of unknown outcome that is made after the next was acknowledged, for it was still under way',
    operations: [
      registered,
      tell('change-password', 2, 3, { ...S, ...lost, password: 'p1', until: 9 }),
      tell('change-password', 5, 6, { ...S, begun: 't', password: 'p2' }),
      tell('login', 10, 11, { password: 'p2', code: 'invalid_credentials' }),
      tell('login', 10, 11, { begun: 'u', password: 'p1' }),
    ],
  },
  {
    what: 'a sign-in with the old password that began before the change was acknowledged',
    operations: [
      registered,
      tell('change-password', 5, 6, { ...S, begun: 't', password: 'p1' }),
      tell('login', 5.9, 7, { node: 2, begun: 'u', password: 'p0' }),
      tell('login', 5.9, 7, { node: 2, password: 'p0', code: 'invalid_credentials' }),
    ],
  },
  {
    what: 'a change that was refused because another was made meanwhile, and has ended the other sessions',
    operations: [
      registered,
      tell('change-password', 5, 6, { session: 't', password: 'p1', code: 'conflict' }),
      tell('verify', 8, 8.1, { ...S, code: 'session_revoked' }),
      tell('login', 9, 10, { begun: 'u', password: 'p0' }),
    ],
  },
  {
    what: 'a sign-in that is refused because roles change, or all sessions end, at the same time',
    operations: [
      registered,
      tell('set-roles', 5, 6, { roles: 'editor' }),
      tell('login', 5.5, 7, { password: 'p0', code: 'invalid_credentials' }),
      tell('logout-all', 8, 9, { session: 't' }),
      tell('login', 8.5, 9, { password: 'p0', code: 'invalid_credentials' }),
    ],
  },
  {
    what: 'old roles until the bound, and roles of a change whose answer was lost',
    operations: [
      registered,
      tell('set-roles', 5, 6, { roles: 'editor' }),
      tell('verify', 7.9, 9, { ...S, node: 1, roles: '' }),
      tell('set-roles', 10, 11, { ...lost, roles: 'reader' }),
      tell('set-roles', 12, 13, { roles: 'writer' }),
      tell('verify', 20, 20.1, { ...S, node: 1, roles: 'reader' }),
    ],
  },
  {
    what: 'a session that others accept until the bound, however late the answer comes',
    operations: [registered, signedOut, tell('verify', 12.9, 16, { ...S, node: 1 })],
  },
  {
    what: 'a session that a node accepts until the bound, though its row has told it otherwise',
    operations: [
      registered,
      signedOut,
      tell('refresh', 11.5, 11.6, { ...S, node: 1, shown: 0, code: 'session_revoked' }),
      tell('verify', 11.7, 11.8, { ...S, node: 1 }),
    ],
  },
  {
    what: 'a request that a node accepted before it stood still',
    operations: [registered, signedOut, tell('verify', 12, 16.2, { ...S, node: 1 })],
    faults: [pauseOf(1, 12.1, 16)],
  },
  {
    what: 'a sign-out whose answer was lost, and that was never made',
    operations: [registered, tell('logout', 10, 11, { ...S, ...lost }), refresh(60, 61, 0, 1)],
  },
  {
    what: 'a refresh that races a sign-out, and wins or loses',
    operations: [
      registered,
      refresh(9.9, 10.5, 0, 1),
      signedOut,
      tell('refresh', 10.1, 12, { ...S, node: 1, shown: 0, code: 'session_revoked' }),
    ],
  },
  {
    what: 'a sign-in that races signing out everywhere, and whose session lives',
    operations: [
      registered,
      tell('logout-all', 10, 11, S),
      tell('login', 10.5, 10.8, { begun: 't', given: 0, password: 'p0' }),
      tell('refresh', 60, 61, { session: 't', shown: 0, given: 1 }),
    ],
  },
  {
    what: 'the session with which a change of password goes on',
    operations: [
      registered,
      tell('change-password', 10, 11, { ...S, begun: 't', given: 0, password: 'p1' }),
      tell('verify', 20, 20.1, { session: 't', node: 1 }),
    ],
  },
  {
    what: 'two refreshes at once, at two nodes, that are given the same',
    operations: [
      registered,
      refresh(20, 21, 0, 1),
      refresh(20, 21, 0, 1, { node: 1 }),
      refresh(25, 26, 0, 1),
    ],
  },
  {
    what: 'a refresh whose answer was lost, tried again within the grace and after it, which burns one',
    operations: [
      registered,
      tell('refresh', 20, 20.1, { ...S, ...lost, shown: 0, until: 20.1 }),
      refresh(22, 23, 0, 1),
      refresh(40, 41, 0, 2),
      refresh(60, 61, 2, 3),
    ],
  },
  {
    what: 'a refresh within the grace of the last, that is answered with what it showed',
    operations: [registered, refresh(20, 21, 0, 1), refresh(22, 23, 1, 1), refresh(24, 25, 0, 1)],
  },
  {
    what: 'a row that was set back, so that its generation jumps forward (generation_ahead)',
    operations: [registered, refresh(20, 21, 0, 1), refresh(40, 41, 1, 4), refresh(60, 61, 4, 5)],
  },
  {
    what: 'a refresh that was under way for longer than the grace, which is a limit that is named',
    operations: [
      registered,
      tell('refresh', 20, 26, { ...S, ...lost, shown: 0, until: 34 }),
      refresh(27, 28, 0, 1),
      tell('refresh', 40, 41, { ...S, node: 1, shown: 1, code: 'session_revoked' }),
    ],
  },
  {
    what: 'a thief with an old token, who ends the session',
    operations: [
      registered,
      refresh(20, 21, 0, 1),
      refresh(40, 41, 1, 2),
      tell('refresh', 60, 61, { ...S, stolen: true, shown: 0, code: 'session_revoked' }),
      tell('refresh', 62, 63, { ...S, shown: 2, code: 'session_revoked' }),
      tell('login', 88, 89, { phase: 'end', begun: 't', password: 'p0' }),
      tell('refresh', 90, 91, { ...S, phase: 'end', shown: 2, code: 'session_revoked' }),
    ],
  },
  {
    what: 'a token that asks for a refresh, and 503 with Retry-After',
    operations: [
      registered,
      tell('verify', 20, 20.1, { ...S, code: 'token_expired' }),
      tell('me', 20, 21, { ...S, ...lost, status: 503, retryAfter: 1 }),
      tell('me', 20, 21, { ...S, ...lost }),
    ],
  },
]

const say = ({ operations, faults = [], exits = [] }: Case) => check(historyOf(operations, { faults, exits }))

describe('the checker of histories', () => {
  it.each(PLANTS)('finds $what', (plant) => {
    const found = say(plant)
    expect(found.map(({ rule }) => rule)).toEqual([plant.rule])
    for (const { excerpt } of found)
      expect(excerpt.every((each) => plant.operations.length > each.id)).toBe(true)
  })

  it.each(LEGAL)('lets pass $what', (legal) => {
    expect(say(legal)).toEqual([])
  })

  it('has no rule for which nothing is planted', () => {
    expect(new Set(PLANTS.map(({ rule }) => rule))).toEqual(new Set(RULES.map(({ name }) => name)))
  })
})
