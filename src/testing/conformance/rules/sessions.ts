// Does a session begin anew, end where it should, and stay ended?
import type { Examiner, Visitor } from '../examiner.ts'
import type { Finding, Rule } from '../rule.ts'
import { fail, failIf, notApplicable, pass } from '../rule.ts'
import { jwtOf } from './cookies.ts'

async function asksForSignIn(exam: Examiner): Promise<Finding> {
  const { profile } = exam
  const nobody = exam.visitor({ email: 'nobody', username: 'nobody', password: '' })
  const answer = await nobody.me()
  if (await nobody.isSignedIn()) return fail(`${profile.me.path} answers nobody with ${answer.status}`)
  return pass(`${answer.status} for nobody`)
}

async function endsOnServer(exam: Examiner): Promise<Finding> {
  if (!exam.step('logout')) return fail('the profile has no sign-out')
  const visitor = await exam.signIn()
  const stolen = visitor.copy()
  const answer = await visitor.take('logout')
  if (answer.status >= 400) return fail(exam.answered('logout', answer))
  const works = await stolen.isSignedIn()
  return failIf(
    [
      works && 'a copy of the credential still works',
      !works && (await renews(exam, stolen)) && 'a copy of the refresh token still works',
    ],
    'a copy of it is refused',
  )
}

/** Whether whoever is refused is let in again by a refresh. */
async function renews(exam: Examiner, visitor: Visitor): Promise<boolean> {
  if (!exam.step('refresh')) return false
  return (await visitor.take('refresh')).ok && (await visitor.isSignedIn())
}

async function clearsCookies(exam: Examiner): Promise<Finding> {
  if (!('cookies' in exam.profile.session)) return notApplicable('the session does not travel in a cookie')
  if (!exam.step('logout')) return notApplicable('the profile has no sign-out')
  const visitor = await exam.signIn()
  await visitor.take('logout')
  const left = visitor.credentials().map(({ name, path }) => `${name} (Path=${path})`)
  return left.length === 0 ? pass('none is left') : fail(`the browser still has ${left.join(', ')}`)
}

async function isNewAtSignIn(exam: Examiner): Promise<Finding> {
  const visitor = await exam.signIn()
  const before = visitor.secrets()
  await visitor.take('login')
  const same = visitor.secrets().filter((secret) => before.includes(secret))
  if (same.length > 0) return fail('signing in again leaves a credential as it was')
  return pass('each sign-in has credentials of its own')
}

/** Somebody puts a value into another's browser, and waits for them to sign in. */
async function refusesPlanted(exam: Examiner): Promise<Finding> {
  if (!('cookies' in exam.profile.session)) return notApplicable('the session does not travel in a cookie')
  const attacker = await exam.signIn()
  const victim = exam.visitor(await exam.newAccount())
  const planted = attacker.credentials()
  victim.plant(planted)
  const answer = await victim.take('login')
  if (!answer.ok)
    return fail(`sign-in is answered with ${answer.status}, and the visitor goes on as whoever planted it`)
  const kept = victim.secrets().filter((secret) => planted.some(({ value }) => value === secret))
  return kept.length > 0 ? fail('the value that was planted goes on to be used') : pass('it is replaced')
}

async function othersEnd(exam: Examiner): Promise<Finding> {
  if (!exam.profile.changePassword) return notApplicable('the profile has no change of password')
  if (!exam.profile.register) return notApplicable('the accounts of the profile are left as they are')
  const account = await exam.newAccount()
  const [one, other] = [await exam.signIn(account), await exam.signIn(account)]
  const answer = await one.take('changePassword')
  if (!answer.ok) return fail(exam.answered('changePassword', answer))
  if (await other.isSignedIn()) return fail('another session of the user goes on')
  return (await renews(exam, other))
    ? fail('another session of the user goes on after a refresh')
    : pass('others are refused')
}

/** The two oldest mistakes: an algorithm `none`, and a payload that nobody signed. */
async function refusesForged(exam: Examiner): Promise<Finding> {
  const visitor = await exam.signIn()
  const token = jwtOf(visitor.secrets())
  if (token === null) return notApplicable('no credential is a JWT')
  const [, payload = '', signature = ''] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const forged: readonly (readonly [what: string, token: string])[] = [
    ['alg none', `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`],
    ['alg none in capitals', `${encode({ alg: 'NONE', typ: 'JWT' })}.${payload}.`],
    ['another payload', `${token.split('.')[0]}.${encode({ ...claims, forged: true })}.${signature}`],
    ['no signature', `${token.split('.')[0]}.${payload}.`],
  ]
  const accepted: string[] = []
  for (const [what, text] of forged) if (await accepts(visitor, token, text)) accepted.push(what)
  return failIf(
    accepted.map((what) => `a token with ${what} is accepted`),
    'forged tokens are refused',
  )

  async function accepts(owner: Visitor, real: string, text: string): Promise<boolean> {
    const headers = Object.entries(owner.credentialHeaders(exam.profile.me.path))
    const changed = Object.fromEntries(headers.map(([name, value]) => [name, value.replace(real, text)]))
    return (await exam.send(exam.profile.me.path, { headers: changed })).ok
  }
}

export const SESSION_RULES: readonly Rule[] = [
  {
    id: 'sign-in-needed',
    level: 'must',
    what: 'What is for the signed-in answers nobody else.',
    why: 'Everything below rests on it.',
    reference: 'OWASP ASVS 5.0, 8.3.1',
    check: asksForSignIn,
  },
  {
    id: 'logout-clears',
    level: 'must',
    what: 'Sign-out removes the credential cookies, with the Path and Domain they were set with.',
    why: 'The next person at this browser is signed in as the one before.',
    reference: 'OWASP ASVS 5.0, 14.3.1; RFC 6265, 5.3',
    check: clearsCookies,
  },
  {
    id: 'logout-revokes',
    level: 'must',
    what: 'Sign-out ends the session on the server.',
    why: 'A copy of the cookie that somebody took goes on working, and its owner can do nothing about it.',
    reference: 'OWASP ASVS 5.0, 7.4.1',
    check: endsOnServer,
  },
  {
    id: 'fixation-new',
    level: 'must',
    what: 'Each sign-in makes new credentials.',
    why: 'Somebody who knew the value from before is signed in together with the owner, and no sign-out tells them apart.',
    reference: 'OWASP ASVS 5.0, 7.2.4',
    check: isNewAtSignIn,
  },
  {
    id: 'fixation-planted',
    level: 'must',
    what: 'A credential that somebody put into the browser does not become the one that signs in.',
    why: 'Whoever planted it knows it.',
    reference: 'OWASP ASVS 5.0, 7.2.4; RFC 6265, 8.6',
    check: refusesPlanted,
  },
  {
    id: 'password-change-ends',
    level: 'must',
    what: 'A changed password ends the other sessions of its user.',
    why: 'Whoever stole the old one stays signed in.',
    reference: 'OWASP ASVS 5.0, 7.4.3',
    check: othersEnd,
  },
  {
    id: 'jwt-forged',
    level: 'must',
    what: 'A JWT that nobody signed is refused.',
    why: 'Anybody writes themselves a token for any user.',
    reference: 'OWASP ASVS 5.0, 9.1.1 and 9.1.2; RFC 8725, 3.1 and 3.2',
    check: refusesForged,
  },
]
