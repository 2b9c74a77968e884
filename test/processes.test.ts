// Do four processes on one SQLite file know of every revocation in time, and forget none?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD } from './support/auth.ts'
import { freePort } from './support/demo.ts'
import type { Reply, ServerProcess } from './support/processes.ts'
import { ProcessVisitor, startServer } from './support/processes.ts'

const PROCESSES = 4
/** Promise 2: nothing that a request which begins so long after the acknowledgement may still see accepted. */
const STALENESS_BOUND = 2000
/** The parent and the children round their clocks, each by a millisecond at most. */
const ROUNDING = 10
const HOUR = 3_600_000

type Strategy = 'jwt' | 'opaque'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-processes-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Those of the strategy that is being tested. */
let servers: ServerProcess[] = []
let origin: string
/** Credentials that were revoked, as a thief would have kept them. */
let dead: ProcessVisitor[] = []

const start = (port: number, strategy: Strategy): Promise<ServerProcess> =>
  startServer({ port, origin, file: join(folder, `${strategy}.db`), env: { LOCKJAR_STRATEGY: strategy } })
const server = (n: number): ServerProcess => {
  const found = servers[n % PROCESSES]
  if (!found) throw new Error('no such process')
  return found
}

let users = 0

interface Person {
  readonly id: string
  readonly email: string
  /** Two browsers, each with a session of its own. */
  readonly here: ProcessVisitor
  readonly there: ProcessVisitor
  /** The session of `there`. */
  readonly thereId: string
}

async function signUp(): Promise<Person> {
  const email = `ada${users++}@example.com`
  const [here, there] = [new ProcessVisitor(origin), new ProcessVisitor(origin)]
  const first = await here.send(server(0), 'POST', '/auth/register', { email, password: PASSWORD })
  const second = await there.send(server(1), 'POST', '/auth/login', { email, password: PASSWORD })
  expect([first.status, second.status]).toEqual([201, 200])
  return {
    id: (first.body.user as { id: string }).id,
    thereId: (second.body.session as { id: string }).id,
    email,
    here,
    there,
  }
}

/** What the application answers, everywhere. */
const visit = (visitor: ProcessVisitor): Promise<readonly Reply[]> =>
  Promise.all(servers.map((each) => visitor.send(each, 'GET', '/')))

/**
 * Asks one process until it answers anew. Nothing that is asked when the bound has passed may be answered as before, whatever
 * else the machine has to do.
 */
async function next(
  visitor: ProcessVisitor,
  at: ServerProcess,
  acknowledged: number,
  isOld: (reply: Reply) => boolean = ({ status }) => status === 200,
): Promise<Reply> {
  for (;;) {
    const sent = performance.now()
    const reply = await visitor.send(at, 'GET', '/')
    if (!isOld(reply)) return reply
    expect(sent - acknowledged, 'milliseconds after the acknowledgement').toBeLessThan(
      STALENESS_BOUND + ROUNDING,
    )
  }
}

async function expectAllDead(at: ServerProcess): Promise<void> {
  for (const visitor of dead) {
    expect((await visitor.copy().send(at, 'GET', '/')).status).toBe(401)
    expect((await visitor.copy().send(at, 'POST', '/auth/refresh')).status).toBe(401)
  }
}

interface Row {
  readonly what: string
  /** Left out: in both. */
  readonly only?: Strategy
  /** Which of the two sessions end. */
  readonly ends: readonly ('here' | 'there')[]
  act(person: Person, at: ServerProcess): Promise<unknown>
}

const ok = async (reply: Promise<Reply>): Promise<Reply> => {
  expect((await reply).status).toBeLessThan(300)
  return reply
}

const REVOCATIONS: readonly Row[] = [
  { what: 'sign-out', ends: ['here'], act: ({ here }, at) => ok(here.send(at, 'POST', '/auth/logout')) },
  {
    what: 'sign-out everywhere',
    ends: ['here', 'there'],
    act: ({ here }, at) => ok(here.send(at, 'POST', '/auth/logout-all')),
  },
  {
    what: 'the end of one session, from another',
    ends: ['there'],
    act: ({ here, thereId }, at) => ok(here.send(at, 'DELETE', `/auth/sessions/${thereId}`)),
  },
  {
    what: 'the end of all other sessions',
    ends: ['there'],
    act: ({ here }, at) => ok(here.send(at, 'POST', '/auth/sessions/revoke-others')),
  },
  {
    what: 'a new password',
    ends: ['there'],
    act: ({ here }, at) =>
      ok(
        here.send(at, 'POST', '/auth/password/change', {
          currentPassword: PASSWORD,
          newPassword: `${PASSWORD} and more`,
        }),
      ),
  },
  { what: 'a disabled account', ends: ['here', 'there'], act: ({ id }, at) => at.order('disable', id) },
  {
    what: 'the end of the account',
    ends: ['here', 'there'],
    act: ({ here }, at) => ok(here.send(at, 'DELETE', '/auth/me', { password: PASSWORD })),
  },
  {
    what: 'the reuse of a refresh token',
    only: 'jwt',
    ends: ['here'],
    async act({ here }, at) {
      const thief = here.copy()
      await ok(here.send(at, 'POST', '/auth/refresh'))
      // A session rotates once in a grace window; ten seconds later it may again.
      for (const each of servers) await each.order('step', 11_000)
      await ok(here.send(at, 'POST', '/auth/refresh'))
      expect((await thief.send(at, 'POST', '/auth/refresh')).body.code).toBe('session_revoked')
    },
  },
]

describe.each<Strategy>(['jwt', 'opaque'])('on four processes, strategy %s,', (strategy) => {
  beforeAll(async () => {
    const ports = await Promise.all(Array.from({ length: PROCESSES }, freePort))
    origin = `http://localhost:${ports[0]}`
    dead = []
    servers = await Promise.all(ports.map((port) => start(port, strategy)))
  }, 60_000)
  afterAll(async () => {
    await Promise.all(servers.map((each) => each.stop()))
  })

  for (const [n, { what, only, ends, act }] of REVOCATIONS.entries()) {
    if (only && only !== strategy) continue
    it(`${what} reaches every process within two seconds, and nobody else is signed out`, async () => {
      const person = await signUp()
      for (const each of ['here', 'there'] as const)
        for (const { status } of await visit(person[each])) expect(status).toBe(200)
      const before = { here: person.here.copy(), there: person.there.copy() }
      await act(person, server(n))
      const acknowledged = performance.now()
      for (const each of ends) {
        const replies = await Promise.all(servers.map((at) => next(before[each], at, acknowledged)))
        expect(replies.map(({ status, body }) => [status, body.code])).toEqual(
          Array(PROCESSES).fill([401, 'session_revoked']),
        )
        dead.push(before[each], person[each])
      }
      for (const each of ['here', 'there'] as const) {
        if (ends.includes(each)) continue
        for (const { status } of await visit(person[each])) expect(status).toBe(200)
      }
    })
  }

  it('new roles reach every process within two seconds, by one refresh where there is one', async () => {
    const { id, here } = await signUp()
    await visit(here)
    const isOld = ({ status, body }: Reply): boolean => status === 200 && `${body.roles}` === ''
    await server(2).order('setRoles', id, ['editor'])
    const acknowledged = performance.now()
    const replies = await Promise.all(servers.map((at) => next(here.copy(), at, acknowledged, isOld)))
    if (strategy === 'jwt') {
      expect(replies.map(({ body }) => body.code)).toEqual(Array(PROCESSES).fill('token_expired'))
      await ok(here.send(server(3), 'POST', '/auth/refresh'))
    }
    for (const { body } of await visit(here)) expect(body).toEqual({ id, roles: ['editor'] })
  })

  it('one that is killed and started again has forgotten no revocation, at its very first request', async () => {
    const { here } = await signUp()
    const { port, kill } = server(1)
    await kill()
    servers[1] = await start(port, strategy)
    await expectAllDead(server(1))
    expect((await here.send(server(1), 'GET', '/')).status).toBe(200)
  })

  it('a wall clock that is set an hour forward or back forgets no revocation and signs nobody out', async () => {
    const { here } = await signUp()
    for (const step of [HOUR, -HOUR, -HOUR, HOUR]) {
      await server(2).order('step', step)
      for (const each of servers) {
        await expectAllDead(each)
        // By a clock that is ahead an access token has ended; the session has not.
        const reply = await here.send(each, 'GET', '/')
        if (reply.status !== 200) {
          expect([reply.status, reply.body.code]).toEqual([401, 'token_expired'])
          await ok(here.send(each, 'POST', '/auth/refresh'))
          await ok(here.send(each, 'GET', '/'))
        }
      }
    }
  })
})
