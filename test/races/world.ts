// What does a race take place in? Two processes on one store, two browsers of one user, a thief, and one clock.
import type { Clock, LogPage, Random, SessionRead, Store } from 'lockjar'
import { ORIGIN } from '../support/auth.ts'
import type { JarCookie } from '../support/browser.ts'
import { parseSetCookie } from '../support/browser.ts'
import type { Arithmetic } from './arithmetic.ts'
import type { Gate, Gates, Work } from './gates.ts'
import { createGates, spell } from './gates.ts'
import type { Jar } from './jar.ts'
import type { Doors, Strategy } from './node.ts'
import type { Plant } from './plants.ts'
import type { Process, Surroundings } from './process.ts'
import { begin, createProcess, memoryOf, noteRead } from './process.ts'
import type { Scene, Who } from './scene.ts'
import { createScene, START } from './scene.ts'

export const GRACE = 10_000
export const STALENESS = 2000
const HOST = new URL(ORIGIN).host

export type Row = SessionRead['session']

/** What came of one request. */
export interface Answer {
  readonly status: number
  readonly code: string | null
  readonly cookies: readonly JarCookie[]
}

/** With who asked what of whom, to be judged once the step is over. */
export interface Answered extends Answer {
  readonly who: Who
  readonly node: number
  readonly path: string
  /** Generation of the token that was shown to be renewed; `null` for none. */
  readonly shown: number | null
  /** Whether the answer sets the very refresh token that the request carried. */
  readonly again: boolean
  /** Generation that the browser holds if it keeps the answer. */
  readonly handed: number | null
  /** Ends that were acknowledged before the request was sent, and of these those its process had to know. */
  readonly after: { readonly acknowledged: number; readonly known: number }
  /** What was shown had been used, and its successor seen, when it was sent. */
  readonly wasUsed: boolean
}

/** An end of the session of which somebody was told. */
export interface Acknowledged {
  readonly node: number
  readonly at: number
  /** Whether every session of the user ended. */
  readonly all: boolean
}

export interface Actor {
  readonly ends: boolean
  stage: string
  work: Work | null
  /** A legitimate refresh has been sent then, and its answer has not arrived. */
  underWay: number | null
}

/** A step of the store, with the row that it found and left. */
export interface StoreStep {
  readonly name: string
  readonly given: readonly unknown[]
  readonly answer: unknown
  readonly before: Row
  readonly after: Row
}

export interface WorldParts {
  readonly arithmetic: Arithmetic
  /** One for each process; the first one's configuration issued what the browsers hold at the beginning. */
  readonly doors: readonly Doors[]
  readonly open: (clock: Clock) => Store
  readonly plant: Plant | null
  readonly run: number
}

export interface Judge {
  onStep(world: World, step: StoreStep): void
  onAnswer(world: World, answer: Answered): void
}

export class World {
  readonly gates: Gates
  readonly actors: Actor[] = []
  readonly processes: Process[]
  readonly raw: Store
  readonly acknowledged: Acknowledged[] = []
  /** Every token that was ever answered to anybody, lost answers too, with its generation. */
  readonly issued = new Map<string, number>()
  /** Cookies that would renew the session, of anybody at any time. */
  readonly jarsEver: Jar[] = []
  readonly burned = new Set<number>()
  /** The store has been asked to end the session. */
  endBegun = false
  /** A legitimate refresh was under way for longer than the grace; `docs/threat-model.md` names this limit. */
  slow = false
  /** Milliseconds since the race began, by the wall clock, which somebody may set, and by the one that only goes forward. */
  now = 0
  elapsed = 0
  thiefServed = false
  /** Time enough has passed for an access token to end by itself. */
  mayExpire = false
  /** Operations of which a step was taken. */
  readonly begun = new Set<number>()
  readonly trace: string[] = []
  readonly failures: unknown[] = []

  readonly #parts: WorldParts
  readonly #judge: Judge
  readonly #around: Surroundings
  #scene: Scene | null = null
  #row: Row | null = null
  #answers: Answered[] = []
  #step: Pick<StoreStep, 'name' | 'given' | 'answer'> | null = null

  constructor(parts: WorldParts, judge: Judge) {
    this.#parts = parts
    this.#judge = judge
    this.gates = createGates(parts.arithmetic)
    this.raw = parts.open(this.#clock())
    this.processes = parts.doors.map((doors, index) => createProcess(index, doors))
    const { plant } = parts
    const planted = plant?.store?.(this.raw) ?? this.raw
    const store = this.gates.guard(
      planted,
      () => (this.now === 0 ? '' : `@${this.now}`),
      (name, given, { node }) => this.#listen(name, given, node),
    )
    const clock = (timers: (() => void)[]) => this.#clock(timers)
    this.#around = { gates: this.gates, store, random: this.#random(), plant, clock, now: () => this.now }
  }

  get scene(): Scene {
    if (!this.#scene) throw new Error('the race has not begun')
    return this.#scene
  }

  get row(): Row {
    if (!this.#row) throw new Error('the session has gone')
    return this.#row
  }

  /** The one clock: every process's and the store's. */
  get time(): number {
    return START + this.now
  }

  process(index: number): Process {
    const found = this.processes[index]
    if (!found) throw new Error(`no process ${index}`)
    return found
  }

  advance(milliseconds: number): void {
    this.now += milliseconds
    this.elapsed += milliseconds
    if (this.actors.some(({ underWay }) => underWay !== null && this.elapsed - underWay > GRACE))
      this.slow = true
  }

  /** Somebody sets the wall clock. */
  setWall(milliseconds: number): void {
    this.now += milliseconds
    if (this.actors.some(({ underWay }) => underWay !== null)) this.slow = true
  }

  strategy(index: number): Strategy {
    return this.process(index).doors.installation.config.strategy
  }

  actor(index: number): Actor {
    const found = this.actors[index]
    if (!found) throw new Error(`no actor ${index}`)
    return found
  }

  async begin(): Promise<void> {
    const { arithmetic, doors, run } = this.#parts
    const [{ installation } = this.process(0).doors] = doors
    this.#scene = await createScene({
      installation,
      store: this.raw,
      clock: this.#clock(),
      random: this.#random(),
      setClock: (now) => {
        this.now = now
      },
      run,
    })
    for (const who of ['owner', 'thief'] as const) this.#remember(this.scene.jars[who])
    for (const process of this.processes) await begin(process, this.#around)
    await arithmetic.settle()
    await this.readRow()
  }

  #remember(jar: Jar): void {
    for (const kind of ['access_token', 'session'] as const) {
      const token = jar.value(kind)
      if (token !== '') this.issued.set(token, jar.generation() ?? 0)
    }
    this.jarsEver.push(jar.copy())
  }

  #listen(name: string, given: readonly unknown[], node: number): (answer: unknown) => void {
    const began = this.now
    return (answer) => {
      this.#step = { name, given, answer }
      if (name === 'revocations.read')
        noteRead(this.process(node), began, answer as LogPage, this.acknowledged.length)
    }
  }

  /** Work in a process, which is lost (`null`) when the process dies. */
  async work<T>(actor: number, node: number, task: () => Promise<T>): Promise<T | null> {
    const work: Work = { actor, node, seen: [], died: Promise.withResolvers<null>() }
    const { works } = this.process(node)
    const state = this.actor(actor)
    works.add(work)
    state.work = work
    const ended = await Promise.race([this.gates.run(work, task), work.died.promise])
    works.delete(work)
    state.work = null
    return ended
  }

  /** The process is killed with all it had in hand, and starts again. */
  async restart(actor: number, node: number): Promise<void> {
    const process = this.process(node)
    for (const work of process.works) work.died.resolve(null)
    this.gates.drop(process.works)
    process.works = new Set()
    process.up = false
    await this.work(actor, node, () => begin(process, this.#around))
  }

  /** Starts a process again while nothing else is under way. */
  async restartIdle(node: number): Promise<void> {
    await begin(this.process(node), this.#around)
  }

  /** One request, judged when it is answered; `null` where the process died. */
  async send(
    actor: number,
    who: Who,
    node: number,
    method: string,
    path: string,
  ): Promise<readonly JarCookie[] | null> {
    const jar = this.scene.jars[who].copy()
    const shown = path === '/auth/refresh' ? jar.generation() : null
    const after = { acknowledged: this.acknowledged.length, known: this.#mustKnow(node) }
    const wasUsed = this.isUsed(shown)
    const response = await this.work(actor, node, () => {
      this.gates.current()?.seen.push(jar.header(path))
      return this.#knock(jar, node, method, path)
    })
    if (response === null) return null
    const answer = await this.#read(response)
    const held = jar.value('refresh_token')
    jar.keep(answer.cookies)
    const again = held !== '' && answer.cookies.some(({ value }) => value === held)
    if (answer.status === 200 && path === '/auth/refresh') this.#remember(jar)
    this.#answers.push({ ...answer, who, node, path, shown, handed: jar.generation(), again, after, wasUsed })
    return answer.cookies
  }

  /** A request while nothing else is under way. */
  async ask(jar: Jar, node: number, method: string, path: string): Promise<Answer> {
    const answer = await this.#read(await this.#knock(jar, node, method, path))
    jar.keep(answer.cookies)
    return answer
  }

  /** The row says that this token's successor is in use: older than the predecessor, or the predecessor after the grace. */
  isUsed(generation: number | null): boolean {
    const { row } = this
    if (generation === null || generation >= row.generation) return false
    const settled = Math.abs(this.time - row.rotatedAt) > GRACE
    return generation !== row.predecessor || (settled && row.confirmedGeneration >= row.generation)
  }

  #knock(jar: Jar, node: number, method: string, path: string): Promise<Response> {
    const { doors } = this.process(node)
    const headers = { host: HOST, cookie: jar.header(path), 'sec-fetch-site': 'same-origin' }
    return (path.startsWith('/auth') ? doors.auth : doors.app)(
      new Request(ORIGIN + path, { method, headers }),
    )
  }

  async #read(response: Response): Promise<Answer> {
    const { status } = response
    const sent = response.headers.getSetCookie().map(parseSetCookie)
    const cookies = this.#parts.plant?.cookies?.(sent, status) ?? sent
    return {
      status,
      cookies,
      code: response.ok ? null : ((await response.json()) as { code: string }).code,
    }
  }

  /** Of the ends acknowledged so far, how many this process must know of: it said so, has read so, or time is up. */
  #mustKnow(node: number): number {
    const { knows } = this.process(node)
    return this.acknowledged.filter(
      (end, index) => end.node === node || index < knows || this.elapsed > end.at + STALENESS,
    ).length
  }

  /** Opens one gate and waits until everybody waits again. */
  async take(gate: Gate): Promise<void> {
    const before = this.row
    this.#step = null
    this.begun.add(gate.actor)
    if (gate.work && this.actor(gate.actor).ends) this.endBegun = true
    this.trace.push(`${gate.actor}: ${gate.label.slice(0, 60)}${gate.node < 0 ? '' : ` at ${gate.node}`}`)
    this.gates.open(gate)
    await this.#parts.arithmetic.settle()
    await this.readRow()
    const step = this.#step as Pick<StoreStep, 'name' | 'given' | 'answer'> | null
    if (step) this.#judge.onStep(this, { ...step, before, after: this.row })
    const answers = this.#answers
    this.#answers = []
    for (const answer of answers) this.#judge.onAnswer(this, answer)
  }

  async readRow(): Promise<void> {
    this.#row = (await this.raw.sessions.find(this.scene.sessionId))?.session ?? null
  }

  /** Everything on which the future depends, as text. Equal texts, equal futures. */
  async key(): Promise<string> {
    const { users, sessions, revocations } = this.raw
    const { userId, otherId, jars } = this.scene
    const facts = [
      [this.now, this.elapsed, this.row, (await sessions.find(otherId))?.session, await users.find(userId)],
      (await revocations.read(null)).floors,
      this.processes.map((process) => memoryOf(process, this.scene)),
      this.actors.map(({ stage, work, underWay }) => [stage, work?.seen ?? 0, underWay]),
      this.gates.waiting.map(({ actor, label, asks }) => `${actor} ${label} ${asks}`).sort(),
      Object.values(jars).map((jar) => jar.header('/auth')),
      [this.acknowledged, this.endBegun, this.slow, this.thiefServed, this.mayExpire],
      [...this.issued.keys()].sort(),
      [...this.burned].sort(),
    ]
    return JSON.stringify(facts, spell)
  }

  #clock(timers: (() => void)[] = []): Clock {
    return {
      now: () => this.time,
      monotonic: () => this.elapsed + START,
      every: (_interval, task) => {
        timers.push(task)
        return () => {}
      },
    }
  }

  /** Nothing is drawn: two answers that differ by chance alone are one answer. */
  #random(): Random {
    return { bytes: (count) => new Uint8Array(count).fill(this.#parts.run) }
  }
}
