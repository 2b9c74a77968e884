// What was promised to whom, and is it kept? Sentences that are asked at every event, by one who sees everything.
import type { AccessClaims } from '../../src/core/access-token/claims.ts'
import type { Swap } from '../../src/core/session/rotation.ts'
import type { SessionRecord } from '../../src/core/session/session.ts'
import type { Done } from './database.ts'
import { ADMIN, Breach, GRACE, STALENESS } from './invariants.ts'
import type { Node } from './node.ts'
import type { Person, Subject, Told } from './subject.ts'
import { createSubject } from './subject.ts'
import { seconds } from './trace.ts'

/** True times of one request. */
export interface When {
  readonly sent: number
  readonly arrived: number
}

export interface Truth {
  readonly sessions: ReadonlyMap<string, Subject>
  /** Known since the database has it. */
  subject(id: string): Subject
  /** A legitimate refresh is sent. Answers what to call when nothing of it is under way any more. */
  sent(subject: Subject): () => void
  endBegins(of: (subject: Subject) => boolean): void
  endTold(of: (subject: Subject) => boolean, node: Node): readonly Subject[]
  roleTaken(userId: string, node: Node): void
  minted(jti: string): void
  accepted(node: Node, claims: AccessClaims): void
  /** A refresh was answered 200, that had arrived then. */
  served(node: Node, subject: Subject, presented: number, handed: number, arrived: number): Promise<void>
  /** A refresh, or a request, was answered that the session is over. */
  refused(
    node: Node,
    subject: Subject,
    who: 'owner' | 'thief',
    presented: number | null,
    when: When,
  ): Promise<void>
  done(done: Done): void
  /** The database is as it was some time ago. What was acknowledged since is lost, as its operator knows. */
  wentBack(): Promise<void>
  /** What was begun then is not lost. */
  holds(begun: number): boolean
  /** Owners refused because of a limit that is named. */
  readonly excused: number
}

export interface TruthParts {
  readonly now: () => number
  readonly row: (id: string) => Promise<SessionRecord | null>
  /** Parts of a million. */
  readonly drift: number
  readonly found: (breach: Breach) => void
}

export function createTruth({ now, row, drift, found }: TruthParts): Truth {
  const sessions = new Map<string, Subject>()
  const people = new Map<string, Person>()
  /** A clock that is too slow makes two of its seconds last that long, and so it does the grace. */
  const [bound, grace] = [STALENESS, GRACE].map((time) => time / (1 - drift / 1e6) + 1) as [number, number]
  const mintedAt = new Map<string, number>()
  let wentBackAt = -1
  let excused = 0

  const personOf = (id: string): Person => {
    const person = people.get(id) ?? { isAdmin: false, lowered: null }
    people.set(id, person)
    return person
  }
  const isTold = (told: Told | null, { index, life }: Node): boolean =>
    told !== null && (now() > told.at + bound || (told.node === index && told.life === life))
  const saidOf = ({ at, node }: Told): string => `${seconds(now() - at)} after node ${node} had said so`

  /** Used, and its successor known to be in hand, before the request came. */
  const wasUsed = (
    { rotatedAt, confirmedAt, burned }: Subject,
    presented: number,
    arrived: number,
  ): boolean => {
    const used = rotatedAt.get(presented)
    if (used === undefined || used + grace >= arrived) return false
    for (const [generation, at] of confirmedAt)
      if (generation > presented && at < arrived && !burned.has(generation)) return true
    return false
  }
  /** Exchanged for longer than the grace, by an answer that was lost, say; and its successor came into use on this one's way. */
  const wasOvertaken = (subject: Subject, presented: number, sent: number): boolean => {
    const used = subject.rotatedAt.get(presented)
    if (used === undefined || now() - used <= GRACE / (1 + drift / 1e6)) return false
    const times = [...subject.seenAt, ...subject.confirmedAt].flatMap(([generation, at]) =>
      generation > presented ? [at] : [],
    )
    return times.length > 0 && Math.min(...times) >= sent
  }
  const isSlow = (subject: Subject): boolean => {
    for (const { since } of subject.underWay) if (now() - since > GRACE) subject.slow = true
    return subject.slow
  }
  const factsOf = ({ id }: Subject, node: Node, since = now() - 15_000) => ({
    session: id,
    nodes: [node.index],
    since,
  })

  return {
    sessions,
    get excused() {
      return excused
    },
    subject(id) {
      const subject = sessions.get(id)
      if (subject) return subject
      throw new Error('a session that the database was never told of')
    },
    sent(subject) {
      const flight = { since: now() }
      subject.underWay.add(flight)
      return () => {
        isSlow(subject)
        subject.underWay.delete(flight)
      }
    },
    endBegins(of) {
      for (const subject of sessions.values()) if (of(subject)) subject.endBegun = true
    },
    endTold(of, { index, life }) {
      const ended = [...sessions.values()].filter(
        (subject) => subject.ended === null && !subject.lost && of(subject),
      )
      for (const subject of ended) subject.ended = { at: now(), node: index, life }
      return ended
    },
    roleTaken(userId, { index, life }) {
      const person = personOf(userId)
      if (!person.isAdmin) person.lowered = { at: now(), node: index, life }
    },
    minted: (jti) => {
      mintedAt.set(jti, now())
    },
    accepted(node, { sid, sub, roles, jti, gen }) {
      if (!node.hasRead)
        return found(
          new Breach('ready', `node ${node.index} accepts`, { nodes: [node.index], since: now() - 10_000 }),
        )
      const subject = sessions.get(sid)
      if (subject && !subject.seenAt.has(gen)) subject.seenAt.set(gen, now())
      if (subject?.ended && isTold(subject.ended, node))
        return found(
          new Breach('ended', `node ${node.index} accepts ${saidOf(subject.ended)}`, {
            session: sid,
            nodes: [node.index, subject.ended.node],
            since: Math.max(subject.ended.at - 4000, now() - 60_000),
          }),
        )
      const { lowered } = personOf(sub)
      // A database that went back gives the same revision to other roles; its operator ends all sessions.
      if ((mintedAt.get(jti) ?? 0) <= wentBackAt) return
      if (!lowered || !roles.includes(ADMIN) || !isTold(lowered, node)) return
      return found(
        new Breach('roles', `node ${node.index} accepts the role ${saidOf(lowered)}`, {
          session: sid,
          nodes: [node.index, lowered.node],
          since: lowered.at - 4000,
        }),
      )
    },
    async served(node, subject, presented, handed, arrived) {
      if (subject.ended && subject.ended.at < arrived)
        return found(
          new Breach(
            'ended',
            `node ${node.index} renews it ${saidOf(subject.ended)}`,
            factsOf(subject, node),
          ),
        )
      if (subject.lost || isSlow(subject)) return
      if (wasUsed(subject, presented, arrived))
        return found(new Breach('reuse', `node ${node.index} serves ${presented}`, factsOf(subject, node)))
      if (subject.burned.has(presented))
        return found(
          new Breach(
            'lineage',
            `node ${node.index} serves ${presented}, which was burned`,
            factsOf(subject, node),
          ),
        )
      const present = await row(subject.id)
      if (!present || present.revokedAt !== null) return
      if (handed === present.generation || handed === present.predecessor) return
      // Somebody else has moved it since this request read the row: at the end of the grace, with an answer that is late.
      if ((subject.rotatedAt.get(present.predecessor ?? -1) ?? 0) >= arrived) {
        subject.slow = true
        return
      }
      return found(
        new Breach(
          'lineage',
          `node ${node.index} hands out ${handed}, and the row is at ${present.generation}`,
          factsOf(subject, node),
        ),
      )
    },
    async refused(node, subject, who, presented, { sent, arrived }) {
      if (who === 'owner' && !subject.attacked && !subject.endBegun && !subject.lost) {
        subject.slow ||= presented !== null && wasOvertaken(subject, presented, sent)
        if (!isSlow(subject))
          return found(
            new Breach(
              'owner',
              `node ${node.index} refuses ${presented ?? 'a request'}`,
              factsOf(subject, node),
            ),
          )
        excused++
      }
      if (presented === null || subject.lost || !wasUsed(subject, presented, arrived)) return
      const present = await row(subject.id)
      if (present && present.revokedAt === null)
        return found(
          new Breach(
            'reuse',
            `node ${node.index} refuses ${presented} and the session lives`,
            factsOf(subject, node),
          ),
        )
    },
    done({ part, name, given, answer }) {
      if (answer === null) return
      // What a node gave up may be carried out later, so that only the database says what is so.
      if (name === 'setRoles') noteRoles(given)
      if (name === 'revokeAll')
        for (const subject of sessions.values()) if (subject.userId === given[0]) subject.endBegun = true
      if (part !== 'sessions') return
      if (name === 'create') begin(given)
      if (name === 'swap') noteSwap(given, answer as SessionRecord)
      if (name !== 'confirm') return
      const [confirmations] = given as [readonly { sessionId: string; generation: number }[]]
      for (const { sessionId, generation } of confirmations) {
        const subject = sessions.get(sessionId)
        if (subject && !subject.confirmedAt.has(generation)) subject.confirmedAt.set(generation, now())
      }
    },
    holds: (begun) => begun > wentBackAt,
    async wentBack() {
      wentBackAt = now()
      for (const person of people.values()) person.lowered = null
      for (const subject of sessions.values()) {
        const present = await row(subject.id)
        if (!present) subject.lost = true
        if (subject.ended && present?.revokedAt === null) subject.lost = true
        if (subject.lost) subject.ended = null
        subject.burned.clear()
        subject.rotatedAt.clear()
        subject.confirmedAt.clear()
      }
    },
  }

  function begin(given: readonly unknown[]): void {
    const [{ id, userId }] = given as [{ id: string; userId: string }]
    sessions.set(id, createSubject(id, userId, now()))
  }

  function noteRoles(given: readonly unknown[]): void {
    const [userId, roles] = given as [string, readonly string[]]
    const person = personOf(userId)
    person.isAdmin = roles.includes(ADMIN)
    if (person.isAdmin) person.lowered = null
  }

  function noteSwap(given: readonly unknown[], moved: SessionRecord): void {
    const [{ id, swap }] = given as [{ id: string; swap: Swap }]
    const subject = sessions.get(id)
    if (!subject) return
    const wrong = subject.rotatedAt.has(swap.from) && !swap.whileUnconfirmed && !subject.lost
    if (wrong || moved.generation <= swap.from)
      found(
        new Breach('lineage', `generation ${swap.from} is exchanged twice`, {
          session: id,
          since: now() - 15_000,
        }),
      )
    subject.rotatedAt.set(swap.predecessor, now())
    if (!subject.confirmedAt.has(swap.confirmed)) subject.confirmedAt.set(swap.confirmed, now())
    for (let burned = swap.predecessor + 1; burned < swap.to; burned++) subject.burned.add(burned)
  }
}
