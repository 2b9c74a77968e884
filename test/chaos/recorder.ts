// How does each operation come to be in the history, with nothing added afterwards?
import { createHash } from 'node:crypto'
import type { ProcessVisitor, Reply } from '../support/processes.ts'
import type { Exit, Fault, FaultKind, History, Operation, TokenPrint } from './history.ts'
import type { ChaosNode } from './nodes.ts'

/** What is known of an operation before it is sent. */
export type Draft = Pick<Operation, 'kind' | 'user'> &
  Partial<Pick<Operation, 'session' | 'stolen' | 'target' | 'password' | 'roles' | 'shown'>>

/** What its answer taught. */
export type Learnt = Partial<Pick<Operation, 'begun' | 'given' | 'roles'>>

export interface Request {
  readonly method: string
  readonly path: string
  readonly body?: object
  /** The address that a proxy would have written down. */
  readonly ip: string
  /** Milliseconds after which the connection breaks off, whatever has come. */
  readonly patience: number
}

export interface Recorded {
  readonly operation: Operation
  /** `null`: none arrived. */
  readonly reply: Reply | null
}

export interface Recorder {
  phase: Operation['phase']
  readonly operations: readonly Operation[]
  send(
    draft: Draft,
    node: ChaosNode,
    visitor: ProcessVisitor,
    request: Request,
    learn?: (reply: Reply) => Learnt,
  ): Promise<Recorded>
  setRoles(draft: Draft, node: ChaosNode, userId: string, roles: string): Promise<Operation>
  /** Injects a fault for as long as `work` takes, and writes it down. `work` may say when it was in force. */
  fault(kind: FaultKind, node: number | null, work: () => Promise<Partial<Fault> | undefined>): Promise<void>
  exited(exit: Exit): void
  /** The last it can have done, of each operation without an answer, is asked for now. */
  history(seed: number, nodes: readonly ChaosNode[]): History
}

const REFRESH_COOKIE = 'refresh_token'

/** `sid.nonce.generation.kid.MAC` */
export function printOf(token: string): TokenPrint | null {
  const generation = token.split('.')[2]
  if (!generation) return null
  const hash = createHash('sha256').update(token).digest('hex').slice(0, 16)
  return { generation: Number(generation), hash }
}

export const shownBy = (visitor: ProcessVisitor): TokenPrint | null => printOf(visitor.cookie(REFRESH_COOKIE))

/** The refresh token that an answer sets, if it sets one. */
export function givenBy({ headers }: Reply): TokenPrint | null {
  const lines = [headers['set-cookie'] ?? []].flat()
  const line = lines.find((each) => each.startsWith(`${REFRESH_COOKIE}=`))
  return line === undefined ? null : printOf(/=([^;]*)/.exec(line)?.[1] ?? '')
}

const seconds = (text: unknown): number | null =>
  typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : null

export function createRecorder(): Recorder {
  const operations: Operation[] = []
  const faults: Fault[] = []
  const exits: Exit[] = []
  let sent = 0

  const begin = (draft: Draft, node: ChaosNode, phase: Operation['phase']) => ({
    session: null,
    stolen: false,
    target: null,
    begun: null,
    shown: null,
    given: null,
    password: null,
    roles: null,
    ...draft,
    id: sent++,
    phase,
    node: node.index,
    life: node.life,
    start: performance.now(),
  })
  const finish = (
    begun: ReturnType<typeof begin>,
    rest: Pick<Operation, 'outcome' | 'status' | 'code'>,
    more = {},
  ) => {
    const end = performance.now()
    const operation: Operation = { ...begun, retryAfter: null, ...rest, end, until: end, ...more }
    operations.push(operation)
    return operation
  }

  return {
    phase: 'storm',
    operations,
    async send(draft, node, visitor, { method, path, body, ip, patience }, learn = () => ({})) {
      const begun = begin(draft, node, this.phase)
      const headers = { 'x-operation': String(begun.id), 'x-forwarded-for': ip }
      const signal = AbortSignal.timeout(Math.max(1, Math.round(patience)))
      const reply = await visitor.send(node, method, path, body, { headers, signal }).catch(() => null)
      if (!reply) return { operation: finish(begun, { outcome: 'unknown', status: null, code: null }), reply }
      const { status } = reply
      const outcome = status < 400 ? 'ok' : status < 500 ? 'failed' : 'unknown'
      const code = outcome === 'ok' ? null : String(reply.body.code)
      const retryAfter = seconds(reply.headers['retry-after'])
      const learnt = outcome === 'ok' ? learn(reply) : {}
      return { operation: finish(begun, { outcome, status, code }, { retryAfter, ...learnt }), reply }
    },
    async setRoles(draft, node, userId, roles) {
      const begun = begin({ ...draft, roles }, node, this.phase)
      try {
        const refused = await node.order({ operation: begun.id, userId, roles: roles === '' ? [] : [roles] })
        const outcome = refused === null ? 'ok' : refused === 'unavailable' ? 'unknown' : 'failed'
        return finish(begun, { outcome, status: null, code: refused })
      } catch {
        return finish(begun, { outcome: 'unknown', status: null, code: null })
      }
    },
    async fault(kind, node, work) {
      const start = performance.now()
      const said = await work()
      faults.push({ kind, node, start, end: performance.now(), ...said })
    },
    exited: (exit) => void exits.push(exit),
    history(seed, nodes) {
      const untilOf = ({ node, life, id, end, status, outcome }: Operation): number => {
        // A node that says that it cannot do something is done with it.
        if (outcome !== 'unknown' || status !== null) return end
        return Math.max(end, nodes[node]?.doneAt(life, id) ?? end)
      }
      const settled = operations.map((each) => ({ ...each, until: untilOf(each) }))
      return { seed, nodes: nodes.length, operations: settled, faults: [...faults], exits: [...exits] }
    },
  }
}
