// What does a node answer, and what does the one who sees everything make of it?
import type { ErrorCode } from 'lockjar'
import { AuthError } from 'lockjar'
import { authenticate } from '../../src/actions/authenticate.ts'
import type { Issued } from '../../src/actions/issue-tokens.ts'
import { logout, logoutAll } from '../../src/actions/logout.ts'
import { refresh } from '../../src/actions/refresh.ts'
import type { Runtime } from '../../src/actions/runtime.ts'
import { revokeSession } from '../../src/actions/sessions.ts'
import { startSession } from '../../src/actions/start-session.ts'
import { setRoles } from '../../src/actions/users.ts'
import { verifyRefreshToken } from '../../src/core/refresh-token/verify.ts'
import type { Swap } from '../../src/core/session/rotation.ts'
import type { Figures } from './figures.ts'
import { ADMIN } from './invariants.ts'
import type { Node } from './node.ts'
import type { Subject } from './subject.ts'
import type { Time } from './time.ts'
import type { Trace } from './trace.ts'
import type { Truth } from './truth.ts'

export type Reply<T = undefined> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false
      readonly code: ErrorCode
      /** It has just been ended, and this says so. */
      readonly ends?: boolean
    }

export interface SignedIn {
  readonly subject: Subject
  readonly access: string
  /** `null`: the browser keeps the one it has. */
  readonly refresh: string | null
}

export interface Server {
  use(node: Node, token: string): Promise<Reply>
  renew(
    node: Node,
    token: string,
    subject: Subject,
    who: 'owner' | 'thief',
    sent: number,
  ): Promise<Reply<SignedIn>>
  signIn(node: Node, userId: string): Promise<Reply<SignedIn>>
  signOut(node: Node, subject: Subject): Promise<Reply>
  revoke(node: Node, subject: Subject): Promise<Reply>
  signOutAll(node: Node, userId: string): Promise<Reply>
  setAdmin(node: Node, userId: string, isAdmin: boolean): Promise<Reply>
}

export interface ServerParts {
  readonly time: Time
  readonly truth: Truth
  readonly trace: Trace
  readonly figures: Figures
  /** Somebody was told that these are over; whoever kept a token of one will try it. */
  readonly told: (subjects: readonly Subject[], node: Node) => void
}

const SENDER = { ip: null, userAgent: null }

/** @throws what is no refusal: a mistake of the product's, or of the simulation's. */
async function answer<T>(node: Node, act: (runtime: Runtime) => Promise<T>): Promise<Reply<T>> {
  const { runtime } = node
  if (!runtime) return { ok: false, code: 'unavailable' }
  try {
    return { ok: true, value: await act(runtime) }
  } catch (error) {
    if (error instanceof AuthError)
      return { ok: false, code: error.code, ends: error.facts.endsSession === true }
    throw error
  }
}

/** Said by a node of a session that does not serve any more. */
const isOver = (code: ErrorCode): boolean => code === 'session_revoked' || code === 'unauthenticated'

export function createServer({ time, truth, trace, figures, told }: ServerParts): Server {
  /** An end: begun when it is asked for, and told when it is answered. */
  const end = async (
    node: Node,
    of: (subject: Subject) => boolean,
    act: (runtime: Runtime) => Promise<unknown>,
  ): Promise<Reply> => {
    const before = time.now
    const covered = (subject: Subject): boolean => subject.createdAt < before && of(subject)
    truth.endBegins(covered)
    const reply = await answer(node, act)
    if (!reply.ok) return reply
    // An answer that comes when the database has lost what it is of says nothing.
    if (truth.holds(before)) tell(node, covered)
    return { ok: true, value: undefined }
  }
  const tell = (node: Node, of: (subject: Subject) => boolean): void => {
    const ended = truth.endTold(of, node)
    for (const { id } of ended) trace.note('says that it is over', node.index, id)
    told(ended, node)
  }

  return {
    async use(node, token) {
      const reply = await answer(node, async (runtime) => authenticate(runtime, token, 'cookie'))
      if (!reply.ok) return reply
      if (!reply.value.ok) {
        trace.note('refuses', node.index, claimsOf(token).sid, reply.value.code)
        return { ok: false, code: reply.value.code }
      }
      trace.note('accepts', node.index, reply.value.claims.sid)
      truth.accepted(node, reply.value.claims)
      return { ok: true, value: undefined }
    },
    async renew(node, token, subject, who, sent) {
      const arrived = time.now
      const claims = node.runtime && (await verifyRefreshToken(token, node.runtime.ring))
      if (!claims) return { ok: false, code: 'unavailable' }
      const swaps: Swap[] = []
      const reply = await answer(node, (runtime) =>
        refresh(watched(runtime, swaps), claims, 'cookie', SENDER),
      )
      const shown = claims.generation
      trace.note(
        `${who} shows`,
        node.index,
        subject.id,
        `${shown}: ${reply.ok ? `receives ${reply.value.session.generation}` : reply.code}`,
      )
      figures.refreshed(reply.ok ? kindOf(swaps, shown) : isOver(reply.code) ? 'refused' : reply.code)
      if (!reply.ok) {
        if (isOver(reply.code)) await truth.refused(node, subject, who, shown, { sent, arrived })
        if (reply.ends && truth.holds(arrived)) tell(node, (each) => each === subject)
        return reply
      }
      await truth.served(node, subject, shown, reply.value.session.generation, arrived)
      return { ok: true, value: signedIn(reply.value, subject, truth) }
    },
    async signIn(node, userId) {
      const reply = await answer(node, async (runtime) => {
        const user = await runtime.store.users.find(userId)
        if (!user) throw new AuthError('unauthenticated')
        const context = { remember: false, carriage: 'cookie', sender: SENDER, replaces: [] } as const
        return startSession(runtime, user, context, ['pwd'])
      })
      if (!reply.ok) return reply
      const { session } = reply.value
      const subject = truth.subject(session.id)
      trace.note('begins', node.index, session.id)
      return { ok: true, value: signedIn(reply.value, subject, truth) }
    },
    signOut: (node, subject) =>
      end(
        node,
        (each) => each === subject,
        (runtime) => logout(runtime, subject.id, SENDER),
      ),
    revoke: (node, subject) =>
      end(
        node,
        (each) => each === subject,
        (runtime) => revokeSession(runtime, subject.userId, subject.id, SENDER),
      ),
    signOutAll: (node, userId) =>
      end(
        node,
        (each) => each.userId === userId,
        (runtime) => logoutAll(runtime, userId, { sender: SENDER }),
      ),
    async setAdmin(node, userId, isAdmin) {
      const begun = time.now
      const roles = isAdmin ? [ADMIN] : []
      const reply = await answer(node, (runtime) => setRoles(runtime, userId, roles, { sender: SENDER }))
      if (!reply.ok) return reply
      if (isAdmin || !truth.holds(begun)) return { ok: true, value: undefined }
      truth.roleTaken(userId, node)
      const subjects = [...truth.sessions.values()].filter((each) => each.userId === userId && !each.ended)
      told(subjects, node)
      return { ok: true, value: undefined }
    },
  }
}

/** Of a token that is known to be ours. */
function claimsOf(token: string): { readonly sid: string; readonly jti: string } {
  const [, payload = ''] = token.split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString())
}

function signedIn({ credentials }: Issued, subject: Subject, truth: Truth): SignedIn {
  if (credentials.strategy !== 'jwt') throw new TypeError('the simulation is of the jwt strategy')
  const { accessToken, refreshToken, refreshHeld } = credentials
  subject.token = accessToken
  truth.minted(claimsOf(accessToken).jti)
  return { subject, access: accessToken, refresh: refreshHeld ? null : refreshToken }
}

/** Notes which swap was made. */
function watched(runtime: Runtime, swaps: Swap[]): Runtime {
  const { store } = runtime
  const { sessions } = store
  return {
    ...runtime,
    store: {
      ...store,
      users: store.users,
      sessions: {
        ...sessions,
        find: (id) => sessions.find(id),
        revoke: (...given) => sessions.revoke(...given),
        async swap(command) {
          const moved = await sessions.swap(command)
          if (moved) swaps.push(command.swap)
          return moved
        },
      },
    },
  }
}

export type RefreshKind = 'rotated' | 'grace' | 'recovered' | 'ahead'

function kindOf([swap]: readonly Swap[], shown: number): RefreshKind {
  if (!swap) return 'grace'
  if (swap.whileUnconfirmed) return 'recovered'
  return swap.from === shown ? 'rotated' : 'ahead'
}
