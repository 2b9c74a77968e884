// Is a refresh safe against theft, and harmless to whoever does two at once?
import type { Examiner, Visitor } from '../examiner.ts'
import type { Finding, Rule } from '../rule.ts'
import { fail, failIf, notApplicable, pass } from '../rule.ts'

const ifThereIsOne =
  (check: Rule['check']): Rule['check'] =>
  async (exam) =>
    exam.step('refresh') ? check(exam) : notApplicable('the profile has no refresh')

async function rotates(exam: Examiner): Promise<Finding> {
  const visitor = await exam.signIn()
  const before = visitor.secrets()
  const answer = await visitor.take('refresh')
  if (!answer.ok) return fail(exam.answered('refresh', answer))
  const kept = visitor.secrets().filter((secret) => before.includes(secret))
  if (kept.length === 0) return pass('every credential is new')
  const names = visitor.credentials().filter(({ value }) => kept.includes(value))
  return fail(`${names.map(({ name }) => name).join(', ') || 'a token'} stays as it was`)
}

interface Reuse {
  /** Of the used token. */
  readonly status: number
  readonly works: boolean
  /** Whether the owner, who has the newest, goes on. */
  readonly ownerGoesOn: boolean
}

/** A thief's copy, used after its owner has used the successor of it, and after the time in which that may be an accident. */
const tryReuse = (exam: Examiner): Promise<Reuse> =>
  exam.once('reuse', async () => {
    const owner = await exam.signIn()
    const thief = owner.copy()
    await refreshed(owner)
    await exam.wait((exam.profile.refreshGrace + 1) * 1000)
    await refreshed(owner)
    const reused = await thief.take('refresh')
    const works = reused.ok && (await thief.isSignedIn())
    return { status: reused.status, works, ownerGoesOn: (await owner.take('refresh')).ok }
  })

async function refreshed(visitor: Visitor): Promise<void> {
  const { ok, status } = await visitor.take('refresh')
  if (!ok) throw new Error(`a refresh was answered with ${status}`)
}

async function findsReuse(exam: Examiner): Promise<Finding> {
  const { works, status } = await tryReuse(exam)
  return works
    ? fail('one that was used up, and whose successor was used, works again')
    : pass(`${status} for it`)
}

async function endsAfterReuse(exam: Examiner): Promise<Finding> {
  const { works, ownerGoesOn } = await tryReuse(exam)
  if (works) return fail('the reuse was not even found')
  return ownerGoesOn
    ? fail('the newest token goes on working, whoever has it')
    : pass('the session has ended')
}

async function servesAll(exam: Examiner): Promise<Finding> {
  const visitor = await exam.signIn()
  const tabs = Array.from({ length: 5 }, () => visitor.copy())
  const answers = await Promise.all(tabs.map((tab) => tab.take('refresh')))
  const refused = answers.filter(({ ok }) => !ok).map(({ status }) => status)
  const out = []
  for (const tab of tabs) if (!(await tab.isSignedIn())) out.push(tab)
  return failIf(
    [
      refused.length > 0 && `${refused.length} of 5 were answered with ${[...new Set(refused)].join(', ')}`,
      out.length > 0 && `${out.length} of 5 are signed out afterwards`,
    ],
    'all five are served',
  )
}

export const REFRESH_RULES: readonly Rule[] = [
  {
    id: 'refresh-rotates',
    level: 'must',
    what: 'A refresh replaces the refresh token.',
    why: 'A stolen one works until it expires, beside its owner’s, and nobody notices.',
    reference: 'OWASP ASVS 5.0, 10.4.5; RFC 9700, 4.14.2',
    check: ifThereIsOne(rotates),
  },
  {
    id: 'refresh-reuse',
    level: 'must',
    what: 'A refresh token whose successor has been used is refused.',
    why: 'Rotation alone stops nobody who kept the old token.',
    reference: 'OWASP ASVS 5.0, 10.4.5; RFC 9700, 4.14.2',
    check: ifThereIsOne(findsReuse),
  },
  {
    id: 'refresh-reuse-ends',
    level: 'should',
    what: 'A reuse ends the session.',
    why: 'One of the two is a thief, and nobody can say which; the one who refreshed last goes on.',
    reference: 'RFC 9700, 4.14.2',
    check: ifThereIsOne(endsAfterReuse),
  },
  {
    id: 'refresh-parallel',
    level: 'should',
    what: 'Five tabs that refresh at once are all served, and stay signed in.',
    why: 'Honest users are signed out at random, and somebody switches rotation off for it.',
    reference: 'RFC 9700, 4.14.2',
    check: ifThereIsOne(servesAll),
  },
]
