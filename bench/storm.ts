// How long does somebody who is signed in wait while hundreds sign in at once? Against the same request on the quiet server.
import type { Reply } from '../test/support/processes.ts'
import { ProcessVisitor } from '../test/support/processes.ts'
import type { Report } from './report.ts'
import { milliseconds, quantile, ratio } from './report.ts'
import type { Measured } from './servers.ts'
import { startGroup } from './servers.ts'

const PASSWORD = 'correct horse battery staple'
const SIGN_INS = 200
const ROUNDS = 5
/** Milliseconds. */
const QUIET = 2000

export async function measureStorm(): Promise<Report> {
  // The cost that a deployment has, and everybody from one address.
  const env = { LOCKJAR_ARGON2_MEMORY: '19456', LOCKJAR_ARGON2_PASSES: '2', LOCKJAR_RATE_LIMITS: 'off' }
  const { origin, servers, stop } = await startGroup({ count: 1, env })
  const [server] = servers
  if (!server) throw new Error('no server')
  try {
    const ada = new ProcessVisitor(origin)
    const { status } = await ada.send(server, 'POST', '/auth/register', {
      email: 'ada@example.com',
      password: PASSWORD,
    })
    if (status !== 201) throw new Error(`register: ${status}`)
    const quiet: number[] = []
    const stormy: number[] = []
    const replies: Reply[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const end = performance.now() + QUIET
      quiet.push(...(await askWhile(ada, server, () => performance.now() < end)))
      let over = false
      const storm = signIn(origin, server).finally(() => {
        over = true
      })
      stormy.push(...(await askWhile(ada, server, () => !over)))
      replies.push(...(await storm))
    }
    return report(quiet, stormy, replies)
  } finally {
    await stop()
  }
}

/** Milliseconds of each `GET /auth/me`, one after another. */
async function askWhile(
  visitor: ProcessVisitor,
  server: Measured,
  goesOn: () => boolean,
): Promise<readonly number[]> {
  const times: number[] = []
  while (goesOn()) {
    const began = performance.now()
    const { status } = await visitor.send(server, 'GET', '/auth/me')
    if (status !== 200) throw new Error(`me: ${status}`)
    times.push(performance.now() - began)
  }
  return times
}

function signIn(origin: string, server: Measured): Promise<readonly Reply[]> {
  const attempts = Array.from({ length: SIGN_INS }, (_, n) =>
    new ProcessVisitor(origin).send(server, 'POST', '/auth/login', {
      email: `user${n}@example.com`,
      password: PASSWORD,
    }),
  )
  return Promise.all(attempts)
}

function report(quiet: readonly number[], stormy: readonly number[], replies: readonly Reply[]): Report {
  const refused = replies.filter(({ status }) => status === 503).length
  const row = (share: number, name: string): readonly [string, string] => {
    const [before, during] = [quantile(quiet, share), quantile(stormy, share)]
    return [
      `GET /auth/me, ${name}: quiet, in the storm, ratio`,
      `${milliseconds(before)}, ${milliseconds(during)}, ${ratio(during / before)}`,
    ]
  }
  return {
    title: `Storm: ${SIGN_INS} sign-ins at once, ${ROUNDS} times, and one signed-in user meanwhile`,
    rows: [
      row(0.5, 'p50'),
      row(0.99, 'p99'),
      ['requests of the user: quiet, in the storm', `${quiet.length}, ${stormy.length}`],
      ['sign-ins: checked, 503 with Retry-After', `${replies.length - refused}, ${refused}`],
    ],
    notes: [
      'Client and server share the machine, so the storm itself is part of what the user waits for.',
      'Passwords are checked in threads of low priority, one fewer than there are processors; at most 4 s of work wait.',
    ],
  }
}
