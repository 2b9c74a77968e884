// Are the credentials where no script, no sibling and nobody on the way can take them?
import { createSecrets } from '../../egress/secrets.ts'
import type { StoredCookie } from '../../jar/receive.ts'
import type { Answer, Examiner, Visitor } from '../examiner.ts'
import type { Finding, Rule } from '../rule.ts'
import { fail, failIf, notApplicable } from '../rule.ts'

/** Each that says who somebody is: as sign-in sets it, and as a refresh does, which may be another line of the server. */
const credentialCookies = (exam: Examiner): Promise<readonly StoredCookie[]> =>
  exam.once('credential cookies', async () => {
    const visitor = await exam.signIn()
    const cookies = [...visitor.credentials(), ...(exam.registered?.visitor.credentials() ?? [])]
    const refreshed = exam.step('refresh') ? await visitor.take('refresh').catch(() => null) : null
    return refreshed?.ok ? [...cookies, ...visitor.credentials()] : cookies
  })

const ofCookies =
  (problemOf: (cookie: StoredCookie, exam: Examiner) => string | false, fine: string) =>
  async (exam: Examiner): Promise<Finding> => {
    const cookies = await credentialCookies(exam)
    if (!('cookies' in exam.profile.session)) return notApplicable('the session does not travel in a cookie')
    if (cookies.length === 0) return fail(await namesOthers(exam))
    return failIf(
      cookies.map((cookie) => problemOf(cookie, exam)),
      fine,
    )
  }

const namesOthers = (exam: Examiner): Promise<string> =>
  exam.once('names of other cookies', async () => {
    const names = [...(await exam.signIn()).browser.jar].map(({ name }) => name)
    const set = names.length === 0 ? 'it sets none at all' : `it sets ${names.join(', ')}`
    return `sign-in sets none of the cookies that the profile names; ${set}`
  })

const onHttps =
  (check: Rule['check']): Rule['check'] =>
  async (exam) =>
    exam.isSecure ? check(exam) : notApplicable('this is not https')

/** A JWT, whoever made it. */
const JWT = /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}/

/** What a script on the page can read of an answer. */
function readable({ text, headers, cookies }: Answer): string {
  const own = [...headers].filter(([name]) => name !== 'set-cookie').map(([, value]) => value)
  const open = cookies.filter(({ httpOnly }) => !httpOnly).map(({ value }) => value)
  return [text, ...own, ...open].join('\n')
}

async function noTokenReadable(exam: Examiner): Promise<Finding> {
  const visitor = exam.visitor(await exam.account())
  const secrets = createSecrets()
  const answers: [string, Answer][] = []
  // Each time, for a credential that is replaced later is in the answer before.
  const note = (name: string, answer: Answer, of: Visitor): void => {
    answers.push([name, answer])
    for (const secret of of.secrets()) secrets.learn(secret, 'a credential')
  }
  const { registered } = exam
  if (registered) note('register', registered.answer, registered.visitor)
  note('login', await visitor.take('login'), visitor)
  note('me', await visitor.me(), visitor)
  if (exam.step('refresh')) note('refresh', await visitor.take('refresh'), visitor)
  return failIf(
    answers.map(([name, answer]) => {
      const text = readable(answer)
      if (secrets.find(text)) return `what ${name} answers holds a credential`
      return JWT.test(text) && `what ${name} answers holds a JWT`
    }),
    `none in what ${answers.map(([name]) => name).join(', ')} answer`,
  )
}

export const COOKIE_RULES: readonly Rule[] = [
  {
    id: 'token-readable',
    level: 'must',
    what: 'No answer gives a page a credential: not in its body, its headers or a cookie that scripts read.',
    why: 'A script that gets into the page takes it home and is signed in there.',
    reference: 'OWASP ASVS 5.0, 3.3.4',
    check: noTokenReadable,
  },
  {
    id: 'cookie-httponly',
    level: 'must',
    what: 'Credential cookies are HttpOnly.',
    why: 'Without it document.cookie shows them to every script on the page.',
    reference: 'OWASP ASVS 5.0, 3.3.4; RFC 6265, 4.1.2.6',
    check: ofCookies(({ name, httpOnly }) => !httpOnly && `${name} is not HttpOnly`, 'HttpOnly'),
  },
  {
    id: 'cookie-secure',
    level: 'must',
    what: 'On https, credential cookies are Secure.',
    why: 'Without it one request over plain http shows them to anybody on the way.',
    reference: 'OWASP ASVS 5.0, 3.3.1; RFC 6265, 4.1.2.5',
    check: onHttps(ofCookies(({ name, secure }) => !secure && `${name} is not Secure`, 'Secure')),
  },
  {
    id: 'cookie-samesite',
    level: 'must',
    what: 'Credential cookies say SameSite=Lax or Strict; None only with Partitioned.',
    why: 'Left out, browsers differ, and Chromium sends the cookie with cross-site POSTs for two minutes.',
    reference: 'OWASP ASVS 5.0, 3.3.2; RFC 6265bis, 4.1.2.7',
    check: ofCookies(({ name, sameSite, partition }) => {
      if (sameSite === 'Lax' || sameSite === 'Strict') return false
      if (sameSite === 'None') return partition === null && `${name} is SameSite=None without Partitioned`
      return `${name} says nothing of SameSite`
    }, 'Lax or Strict'),
  },
  {
    id: 'cookie-prefix',
    level: 'should',
    what: 'On https, names begin with __Host-, __Host-Http-, or __Secure- where a Path is needed.',
    why: 'Without it a sibling sub-domain, or anybody on the way over http, can put a cookie of their own in its place.',
    reference: 'OWASP ASVS 5.0, 3.3.1 and 3.3.3; RFC 6265bis, 4.1.3',
    check: onHttps(
      ofCookies(({ name, path }) => {
        const locked = /^__Host-/.test(name) || (path !== '/' && /^__(?:Secure|Http)-/.test(name))
        return !locked && `${name} has no prefix that locks it to the host`
      }, 'prefixed'),
    ),
  },
  {
    id: 'cookie-host-only',
    level: 'should',
    what: 'Credential cookies have no Domain.',
    why: 'With it every sub-domain receives them, also the one that somebody else runs.',
    reference: 'OWASP ASVS 5.0, 3.3.3; RFC 6265, 4.1.2.3',
    check: ofCookies(
      ({ name, hostOnly, domain }) => !hostOnly && `${name} has Domain=${domain}`,
      'host-only',
    ),
  },
  {
    id: 'cookie-lasting',
    level: 'should',
    what: 'A credential cookie lasts no longer than a year.',
    why: 'A browser that was sold, lost or borrowed stays signed in.',
    reference: 'OWASP ASVS 5.0, 7.3.2',
    check: async (exam) => {
      const most = exam.clock.now() + 366 * 24 * 3600 * 1000
      return ofCookies(
        ({ name, expiresAt }) => expiresAt !== null && expiresAt > most && `${name} lasts longer`,
        'it ends in time',
      )(exam)
    },
  },
]

/** For rules that look at what a token itself says. */
export function jwtOf(secrets: readonly string[]): string | null {
  return secrets.find((secret) => JWT.test(secret)) ?? null
}
