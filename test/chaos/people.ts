// What does somebody remember who uses the application with several browsers, through whatever happens?
import { ProcessVisitor } from '../support/processes.ts'
import { shownBy } from './recorder.ts'

/** One sign-in. */
export interface KnownSession {
  readonly id: string
  /** The cookies of each generation, as a thief would have kept them; the newest last. */
  readonly copies: ProcessVisitor[]
}

export interface ChaosBrowser {
  readonly person: Person
  visitor: ProcessVisitor
  /** `null`: signed out. */
  session: KnownSession | null
}

export interface Person {
  readonly user: string
  readonly email: string
  /** Of the network where they are. */
  ip: string
  /** How often they went to another one. */
  moves: number
  /** Id of the account, once an answer has said it. */
  id: string | null
  /** One who ends no sessions, or hardly ever. */
  readonly isQuiet: boolean
  /** An answer has said that the account is there. */
  isRegistered: boolean
  /** The one that worked, or was acknowledged, last. */
  password: string
  /** All that may be the one, where answers were lost. */
  readonly candidates: Set<string>
  /** Each that is written is another. */
  passwords: number
  roles: number
  readonly browsers: readonly ChaosBrowser[]
  readonly sessions: Map<string, KnownSession>
}

export function createPerson(index: number, browsers: number, origin: string): Person {
  const user = `u${index}`
  const person: Person = {
    user,
    email: `${user}@people.example`,
    ip: addressOf(index, 0),
    moves: 0,
    id: null,
    isQuiet: index % 2 === 1,
    isRegistered: false,
    password: `${user}.p0`,
    candidates: new Set([`${user}.p0`]),
    passwords: 1,
    roles: 0,
    browsers: [],
    sessions: new Map(),
  }
  const opened = Array.from({ length: browsers }, () => openBrowser(person, origin))
  return Object.assign(person, { browsers: opened })
}

export function openBrowser(person: Person, origin: string): ChaosBrowser {
  return { person, visitor: new ProcessVisitor(origin), session: null }
}

const addressOf = (index: number, moves: number): string => `10.${moves & 255}.${index >> 8}.${index & 255}`

/** Whoever has tried too many passwords at one network, not knowing which was written, goes on from another. */
export function move(person: Person): void {
  person.ip = addressOf(Number(person.user.slice(1)), ++person.moves)
}

/** Another one that may be right. */
export function guess(person: Person): void {
  const all = [...person.candidates]
  person.password = all[(all.indexOf(person.password) + 1) % all.length] ?? person.password
}

/** Long enough, not common, and unlike the address. */
export const textOf = (password: string): string => `correct horse battery ${password}`

export const nextPassword = (person: Person): string => `${person.user}.p${person.passwords++}`

/** The browser has a session, and perhaps another generation of it. */
export function keep(browser: ChaosBrowser, id: string): void {
  const { person, visitor } = browser
  const known = person.sessions.get(id) ?? { id, copies: [] }
  person.sessions.set(id, known)
  browser.session = known
  const newest = known.copies.at(-1)
  if (!newest || shownBy(newest)?.hash !== shownBy(visitor)?.hash) known.copies.push(visitor.copy())
}

/** The page says that nobody is signed in; the next sign-in begins with no cookies. */
export function leave(browser: ChaosBrowser, origin: string): void {
  browser.session = null
  browser.visitor = new ProcessVisitor(origin)
}
