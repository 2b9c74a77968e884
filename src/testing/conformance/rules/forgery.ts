// Can another site act as the user, or read what is theirs?
import { registrableDomain } from '../../jar/site.ts'
import type { Answer, Examiner, Visitor } from '../examiner.ts'
import { toTexts } from '../examiner.ts'
import type { KnownStep } from '../profile.ts'
import type { Finding, Rule } from '../rule.ts'
import { fail, failIf, notApplicable, pass, unknown } from '../rule.ts'

const EVIL = 'https://attacker.example'
const TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'] as const

const withCookies =
  (check: Rule['check']): Rule['check'] =>
  async (exam) => {
    if (!('cookies' in exam.profile.session))
      return notApplicable('a header is attached by nobody but the page')
    return exam.step('change') ? check(exam) : unknown('the profile names nothing that changes something')
  }

/** The very request that the API's own page sends, but for where it says it comes from, and without a CSRF token. */
async function sendFrom(
  exam: Examiner,
  visitor: Visitor,
  source: Readonly<Record<string, string>>,
): Promise<Answer> {
  const step = exam.step('change') as KnownStep
  const { json, body } = visitor.body(step)
  const headers: Record<string, string> = {
    ...visitor.credentialHeaders(step.path),
    ...source,
  }
  if (json !== undefined) headers['content-type'] = 'application/json'
  return exam.send(step.path, {
    method: step.method,
    headers,
    ...(json !== undefined ? { body: JSON.stringify(json) } : body !== undefined && { body }),
  })
}

/** The same from its own page must work, or a refusal says nothing. */
async function isRefused(exam: Examiner, origin: string): Promise<Finding> {
  const visitor = await exam.signIn()
  const forged = []
  // Browsers older than Fetch Metadata, and those of today over plain http, say where they come from in one header alone.
  for (const source of [{ origin, 'sec-fetch-site': 'cross-site' }, { origin }])
    forged.push(await sendFrom(exam, await exam.signIn(visitor.account), source))
  const own = await (await exam.signIn(visitor.account)).take('change')
  const accepted = forged.find((answer) => isDone(answer, own))
  if (accepted) return fail(`it was answered with ${accepted.status}`)
  return own.status < 400
    ? pass(
        `${[...new Set(forged.map(({ status }) => status))].join(', ')} for it, ${own.status} for the page itself`,
      )
    : unknown(`the page itself gets ${own.status}`)
}

/** An answer may be a redirect: then it is done where the page itself is sent to, and not where one signs in. */
function isDone({ ok, status, headers }: Answer, own: Answer): boolean {
  if (ok) return true
  return own.status < 400 && status === own.status && headers.get('location') === own.headers.get('location')
}

/** A page on a sibling: SameSite does not stop it, and a form needs nobody's permission. */
async function formsAreRefused(exam: Examiner): Promise<Finding> {
  const step = exam.step('change') as KnownStep
  const accepted: string[] = []
  for (const type of TYPES) {
    const visitor = await exam.signIn()
    const fields = visitor.fields(step)
    const response = await visitor.browser.open(exam.sibling).submit(new URL(step.path, exam.origin).href, {
      type,
      fields: type === 'text/plain' ? asJson(fields) : toTexts(fields),
    })
    await response.body?.cancel()
    if (response.ok) accepted.push(`${type} (${response.status})`)
  }
  return failIf(
    accepted.map((type) => `a form of ${exam.sibling} with ${type} was accepted`),
    'forms of another origin are refused',
  )
}

/** JSON as a form of plain text can write it: `{"a":"1","x":"=…"}`. */
function asJson(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  const text = JSON.stringify({ ...fields, padding: '' })
  return { [text.slice(0, -2)]: '"}' }
}

/** Signs the victim in as the attacker, who reads later what they did. */
async function loginIsRefused(exam: Examiner): Promise<Finding> {
  const { login } = exam.profile
  const attacker = exam.visitor(await exam.account())
  const accepted: string[] = []
  for (const type of TYPES) {
    for (const site of [EVIL, exam.sibling]) {
      const victim = exam.visitor(attacker.account)
      const fields = attacker.fields(login)
      const response = await victim.browser.open(site).submit(new URL(login.path, exam.origin).href, {
        type,
        fields: type === 'text/plain' ? asJson(fields) : toTexts(fields),
      })
      await response.body?.cancel()
      if (victim.credentials().length > 0) accepted.push(type)
    }
  }
  return failIf(
    [...new Set(accepted)].map((type) => `a form of another site with ${type} signs a visitor in`),
    'forms of other sites sign nobody in',
  )
}

/** Whether a page of `origin` may read what the user may. */
async function isReadable(exam: Examiner, origin: string): Promise<string | false> {
  const visitor = await exam.signIn()
  const { path } = exam.profile.me
  const plain = await exam.send(path, { headers: { ...visitor.credentialHeaders(path), origin } })
  const preflight = await exam.send(path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-type',
    },
  })
  for (const { headers } of [plain, preflight]) {
    const allowed = headers.get('access-control-allow-origin')
    const credentials = headers.get('access-control-allow-credentials') === 'true'
    if (allowed === origin && (credentials || !('cookies' in exam.profile.session)))
      return `${origin} may read answers`
    if (allowed === '*' && credentials) return 'everybody is allowed, with credentials'
  }
  return false
}

async function notReadableBy(exam: Examiner, origins: readonly string[]): Promise<Finding> {
  const problems: (string | false)[] = []
  for (const origin of origins) problems.push(await isReadable(exam, origin))
  return failIf(problems, 'not allowed')
}

/** Of somebody else, and each fits a rule that was written in a hurry: any, what begins so, what contains it, what ends so. */
function lookalikes({ origin }: Examiner): readonly string[] {
  const { protocol, hostname, port } = new URL(origin)
  const at = port === '' ? '' : `:${port}`
  return [
    EVIL,
    `${protocol}//${hostname}.attacker.example${at}`,
    `${protocol}//attacker${registrableDomain(hostname)}${at}`,
  ]
}

export const FORGERY_RULES: readonly Rule[] = [
  {
    id: 'csrf-foreign-origin',
    level: 'must',
    what: 'A request that changes something is refused when it says that it comes from another origin.',
    why: 'SameSite is all that is left, and it stops neither siblings nor older browsers.',
    reference: 'OWASP ASVS 5.0, 3.5.1',
    check: withCookies((exam) => isRefused(exam, EVIL)),
  },
  {
    id: 'csrf-null-origin',
    level: 'must',
    what: 'The same for Origin: null.',
    why: 'Every sandboxed frame and many a redirect says so.',
    reference: 'OWASP ASVS 5.0, 3.5.1; RFC 6454, 7.3',
    check: withCookies((exam) => isRefused(exam, 'null')),
  },
  {
    id: 'csrf-form',
    level: 'must',
    what: 'Forms of a sibling site change nothing, whatever their type.',
    why: 'A browser sends Strict cookies with them, and asks no server first.',
    reference: 'OWASP ASVS 5.0, 3.5.1 and 3.5.2',
    check: withCookies(formsAreRefused),
  },
  {
    id: 'csrf-login',
    level: 'must',
    what: 'Forms of other sites sign nobody in.',
    why: 'The visitor goes on in the attacker’s account and leaves there what is theirs.',
    reference: 'OWASP ASVS 5.0, 3.5.1; RFC 6265, 8.6',
    check: async (exam) =>
      'cookies' in exam.profile.session ? loginIsRefused(exam) : notApplicable('sign-in sets no cookie'),
  },
  {
    id: 'cors-reflected',
    level: 'must',
    what: 'CORS does not let any origin that asks read answers with credentials.',
    why: 'Every site on the web reads the user’s data.',
    reference: 'OWASP ASVS 5.0, 3.4.2',
    check: (exam) => notReadableBy(exam, lookalikes(exam)),
  },
  {
    id: 'cors-null',
    level: 'must',
    what: 'CORS does not allow the origin null.',
    why: 'A sandboxed frame on any site is that origin.',
    reference: 'OWASP ASVS 5.0, 3.4.2',
    check: (exam) => notReadableBy(exam, ['null']),
  },
]
