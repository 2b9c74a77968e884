// Who comes? Browsers with several tabs, people who sign out, administrators, and thieves.
import type { Chance } from './chance.ts'
import type { Database } from './database.ts'
import type { Figures, Service } from './figures.ts'
import { ADMIN, GRACE } from './invariants.ts'
import type { Node } from './node.ts'
import type { Reply, Server, SignedIn } from './server.ts'
import type { Subject } from './subject.ts'
import type { Time } from './time.ts'
import type { Truth } from './truth.ts'

/** Milliseconds. */
const MOST_PATIENCE = 8000
const ONE_WAY = 20
/** Of a hundred messages, those that a bad network keeps back, and for how long. */
const KEPT_BACK = 0.03
const LONGEST_WAY: readonly [number, number] = [300, 6000]
const BETWEEN_VISITS = 8000
const BETWEEN_ACTS = 1000
const BETWEEN_THEFTS = 4000
const MOST_TABS = 4
/** Of two tabs that find the token ended at once, those that do not wait for each other. */
const NO_LOCK = 0.5
const TRIES = 6

export interface Browser {
  readonly userId: string
  subject: Subject | null
  access: string
  refresh: string
  /** What a tab that waits for another one's refresh waits for. */
  renewing: Promise<void> | null
}

export interface PeopleParts {
  readonly time: Time
  readonly chance: Chance
  readonly nodes: readonly Node[]
  readonly server: Server
  readonly truth: Truth
  readonly figures: Figures
  readonly database: Database
  readonly browsers: number
  /** Share of requests, and of answers, that are lost between a browser and a node. */
  readonly loss: number
  readonly thieves: boolean
}

export async function bringPeople(parts: PeopleParts): Promise<void> {
  const browsers: Browser[] = []
  for (let index = 0; index < parts.browsers; index++) {
    // Every other person has two browsers.
    const userId = `user-${index - (index % 3 === 2 ? 1 : 0)}`
    if (index % 3 !== 2) await register(parts.database, userId)
    browsers.push({ userId, subject: null, access: '', refresh: '', renewing: null })
  }
  for (const browser of browsers) {
    const tabs = 1 + parts.chance.below(MOST_TABS)
    void keepSignedIn(parts, browser)
    for (let tab = 0; tab < tabs; tab++) void visit(parts, browser, tabs)
  }
  void act(parts, browsers)
  if (parts.thieves) void steal(parts, browsers)
}

async function register(database: Database, id: string): Promise<void> {
  await database.run('users', 'create', [
    {
      id,
      email: `${id}@example.com`,
      emailKey: `${id}@example.com`,
      username: null,
      usernameKey: null,
      name: null,
      passwordHash: 'hash',
      roles: [ADMIN],
    },
  ])
}

/** What a browser receives, or `null` where nothing comes back while it waits. */
async function ask<T>(
  { time, chance, nodes, figures, loss }: PeopleParts,
  act: (node: Node) => Promise<Reply<T>>,
  neverArrived: () => void = () => {},
): Promise<{ readonly reply: Reply<T>; readonly node: Node } | null> {
  const node = chance.pick(nodes)
  if (!node) return null
  const { promise, resolve } = Promise.withResolvers<{ reply: Reply<T>; node: Node } | null>()
  let isOver = false
  const finish = (answer: { reply: Reply<T>; node: Node } | null, how: Service | null): void => {
    if (isOver) return
    isOver = true
    giveUp()
    if (how) figures.served(node, how)
    resolve(answer)
  }
  const way = (): number =>
    chance.latency(ONE_WAY) + (chance.happens(KEPT_BACK) ? chance.between(...LONGEST_WAY) : 0)
  const [isAskLost, isAnswerLost] = [chance.happens(loss), chance.happens(loss)]
  const giveUp = time.after(MOST_PATIENCE, () => finish(null, isAskLost || isAnswerLost ? null : 'absent'))
  const refuse = (): void => {
    neverArrived()
    time.after(way(), () => finish(null, 'absent'))
  }
  if (isAskLost) {
    neverArrived()
    return promise
  }
  time.after(way(), () => {
    if (!node.runtime) return refuse()
    const work = async (): Promise<void> => {
      const reply = await act(node)
      const how = !reply.ok && reply.code === 'unavailable' ? 'unavailable' : 'served'
      if (!isAnswerLost) time.after(way(), () => finish({ reply, node }, how))
    }
    node.deliver(() => void work(), refuse)
  })
  return promise
}

/** Whoever is signed out signs in again, some seconds later. */
async function keepSignedIn(parts: PeopleParts, browser: Browser): Promise<never> {
  const { time, chance, server } = parts
  for (;;) {
    await time.pass(chance.until(3000))
    if (browser.subject) continue
    const answer = await ask(parts, (node) => server.signIn(node, browser.userId))
    if (answer?.reply.ok) keep(browser, answer.reply.value)
  }
}

function keep(browser: Browser, { subject, access, refresh }: SignedIn): void {
  browser.subject = subject
  browser.access = access
  subject.held = access
  browser.refresh = refresh ?? browser.refresh
}

function forget(browser: Browser, subject: Subject): void {
  if (browser.subject === subject) browser.subject = null
}

const isOver = (reply: Reply<unknown>): boolean =>
  !reply.ok && (reply.code === 'session_revoked' || reply.code === 'unauthenticated')

/** A tab. */
async function visit(parts: PeopleParts, browser: Browser, tabs: number): Promise<never> {
  const { time, chance, server, truth } = parts
  for (;;) {
    await time.pass(chance.until(BETWEEN_VISITS * tabs))
    // As often as not the same moment brings several tabs: the computer wakes up, a page opens three requests.
    for (let turn = chance.below(3); turn >= 0; turn--) {
      const { subject, access } = browser
      if (!subject) break
      const sent = time.now
      const answer = await ask(parts, (node) => server.use(node, access))
      if (!answer || answer.reply.ok || browser.subject !== subject) continue
      if (answer.reply.code === 'token_expired') await renew(parts, browser, subject)
      else if (isOver(answer.reply)) {
        await truth.refused(answer.node, subject, 'owner', null, { sent, arrived: sent })
        forget(browser, subject)
      }
    }
  }
}

async function renew(parts: PeopleParts, browser: Browser, subject: Subject): Promise<void> {
  if (browser.renewing && !parts.chance.happens(NO_LOCK)) return browser.renewing
  browser.renewing = renewOnce(parts, browser, subject).finally(() => {
    browser.renewing = null
  })
  return browser.renewing
}

/** Again and again until there is an answer, within the grace as well as after it. */
async function renewOnce(parts: PeopleParts, browser: Browser, subject: Subject): Promise<void> {
  const { time, chance, server, truth } = parts
  for (let attempt = 0; attempt < TRIES && browser.subject === subject; attempt++) {
    const [shown, sent] = [browser.refresh, time.now]
    const finish = underWay(truth, subject)
    const answer = await ask(
      parts,
      (node) => server.renew(node, shown, subject, 'owner', sent).finally(finish.there),
      finish.there,
    )
    // What has come late is not taken: the browser has closed the connection.
    if (answer?.reply.ok && browser.subject === subject) keep(browser, answer.reply.value)
    finish.here()
    if (answer?.reply.ok) return
    if (answer && isOver(answer.reply)) return forget(browser, subject)
    await time.pass(chance.happens(0.2) ? GRACE + chance.until(3000) : chance.until(1500))
  }
}

/** A refresh is under way until its browser has done with it and its node, too. */
function underWay(truth: Truth, subject: Subject) {
  const land = truth.sent(subject)
  let ends = 2
  const end = (): void => {
    if (--ends === 0) land()
  }
  return { here: end, there: end }
}

/** People who sign out, here, from a list, or everywhere; and an administrator who takes a role away. */
async function act(parts: PeopleParts, browsers: readonly Browser[]): Promise<never> {
  const { time, chance, server } = parts
  const end = async (
    browser: Browser,
    subject: Subject,
    ending: (node: Node) => Promise<Reply>,
  ): Promise<void> => {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const done = await ask(parts, ending)
      if (done && (done.reply.ok || done.reply.code === 'not_found')) break
      await time.pass(chance.until(1000))
    }
    forget(browser, subject)
  }
  const changeRole = async ({ userId }: Browser): Promise<void> => {
    const taken = await ask(parts, (node) => server.setAdmin(node, userId, false))
    if (!taken?.reply.ok) return
    await time.pass(chance.until(20_000))
    await ask(parts, (node) => server.setAdmin(node, userId, true))
  }
  for (;;) {
    await time.pass(chance.until(BETWEEN_ACTS))
    const browser = chance.pick(browsers)
    const subject = browser?.subject
    if (!browser || !subject) continue
    const kind = chance.next()
    if (kind < 0.5) void end(browser, subject, (node) => server.signOut(node, subject))
    else if (kind < 0.65) void end(browser, subject, (node) => server.revoke(node, subject))
    else if (kind < 0.8) void end(browser, subject, (node) => server.signOutAll(node, browser.userId))
    else void changeRole(browser)
  }
}

/** They copy a refresh token, and show it sooner or later, before or after its owner. */
async function steal(parts: PeopleParts, browsers: readonly Browser[]): Promise<never> {
  const { time, chance, server } = parts
  const use = async (subject: Subject, copy: string): Promise<void> => {
    await time.pass(chance.happens(0.3) ? chance.until(3000) : chance.until(60_000))
    subject.attacked = true
    for (let attempt = 0; attempt < 2; attempt++) {
      await ask(parts, (node) => server.renew(node, copy, subject, 'thief', time.now))
      await time.pass(chance.until(GRACE))
    }
  }
  for (;;) {
    await time.pass(chance.until(BETWEEN_THEFTS))
    const browser = chance.pick(browsers)
    if (browser?.subject) void use(browser.subject, browser.refresh)
  }
}
