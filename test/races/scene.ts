// Where does every race begin? A user at two browsers, one session of which has been renewed once, and a thief with its first token.
import type { Clock, Random, Store } from 'lockjar'
import { issueTokens } from '../../src/actions/issue-tokens.ts'
import type { Runtime } from '../../src/actions/runtime.ts'
import { parseCookies } from '../../src/core/cookie/parse.ts'
import { encodeBase64url } from '../../src/core/encoding/base64url.ts'
import { sha256 } from '../../src/core/encoding/digest.ts'
import { createUuid } from '../../src/core/encoding/uuid.ts'
import { nextSwap } from '../../src/core/session/rotation.ts'
import { sessionCookies } from '../../src/http/session-cookies.ts'
import type { JarCookie } from '../support/browser.ts'
import { parseSetCookie } from '../support/browser.ts'
import { Jar } from './jar.ts'
import type { Installation } from './node.ts'

export const START: number = Date.UTC(2026, 0, 1)
/** Before the race, in milliseconds: longer ago than the grace, and every token is good for minutes still. */
const BEFORE = 60_000
const GRACE = 10_000

/** Whose cookies a request carries. `owner`: the browser whose session is raced for; `other`: the same user's other browser. */
export type Who = 'owner' | 'other' | 'thief'

export interface Scene {
  readonly userId: string
  readonly sessionId: string
  readonly otherId: string
  readonly jars: Record<Who, Jar>
}

export interface SceneParts {
  /** What issued the tokens that the browsers hold. */
  readonly installation: Installation
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  /** Moves the clock to so many milliseconds from the start of the race. */
  readonly setClock: (now: number) => void
  /** Makes every id of this run its own, where one database serves many runs. */
  readonly run: number
}

export async function createScene(parts: SceneParts): Promise<Scene> {
  const { installation, store, setClock, run } = parts
  const nonce = encodeBase64url(new Uint8Array(16).fill(run))
  const id = (mark: number): string =>
    createUuid(START, new Uint8Array([mark, 0, 0, 0, 0, 0, run >> 24, run >> 16, run >> 8, run]))
  const [userId, sessionId, otherId] = [id(1), id(2), id(3)]
  const email = `ada${run}@example.com`
  await store.users.create({
    id: userId,
    email,
    emailKey: email,
    username: null,
    usernameKey: null,
    name: null,
    passwordHash: null,
    roles: [],
  })

  setClock(-BEFORE)
  const chosen = {
    nonceHash: await sha256(nonce),
    userId,
    ...installation.config.timeouts.remembered,
    remember: true,
    carriage: 'cookie' as const,
    amr: ['pwd'],
    ip: null,
    userAgent: null,
  }
  await store.sessions.create({ ...chosen, id: sessionId }, [])
  await store.sessions.create({ ...chosen, id: otherId }, [])
  const issue = async (session: string): Promise<Jar> => {
    const jar = new Jar()
    jar.keep(await issueCookies(parts, userId, session, nonce))
    return jar
  }
  const thief = await issue(sessionId)
  const { idleTimeout: idle } = installation.config.timeouts.remembered
  const moved = await store.sessions.swap({
    id: sessionId,
    nonceHash: chosen.nonceHash,
    carriage: 'cookie',
    swap: nextSwap(0, GRACE),
    idleTimeout: { plain: idle, remembered: idle },
  })
  if (!moved) throw new Error('the session does not rotate')
  await store.sessions.confirm([{ sessionId, generation: 1 }], null)
  const jars = { thief, owner: await issue(sessionId), other: await issue(otherId) }
  setClock(0)
  return { userId, sessionId, otherId, jars }
}

async function issueCookies(
  { installation, store, clock, random }: SceneParts,
  userId: string,
  sessionId: string,
  nonce: string,
): Promise<readonly JarCookie[]> {
  const user = await store.users.find(userId)
  const read = await store.sessions.find(sessionId)
  if (!user || !read) throw new Error('no user or no session')
  // All that issuing tokens asks of a process.
  const runtime = { ...installation, clock, random } as unknown as Runtime
  const issued = await issueTokens(runtime, user, read.session, nonce)
  return sessionCookies(installation.policy, issued, 'csrf', parseCookies(null), clock.now()).map(
    parseSetCookie,
  )
}
