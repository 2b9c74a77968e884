// Do answers tell strangers anything, stay in caches, or break on what a broken browser sends?
import type { Answer, Examiner } from '../examiner.ts'
import type { Finding, Rule } from '../rule.ts'
import { failIf, notApplicable, pass, unknown } from '../rule.ts'

const WRONG = 'this is not the password 7'

async function tellsNobody(exam: Examiner): Promise<Finding> {
  const account = await exam.account()
  const stranger = {
    ...account,
    email: `nobody-${account.email || 'x@example.com'}`,
    username: `nobody${account.username}`,
  }
  const tries = []
  for (const who of [account, stranger])
    tries.push(await exam.visitor(who).take('login', { vars: { password: WRONG } }))
  const [known, absent] = tries as [Answer, Answer]
  if (known.ok || absent.ok) return unknown('a wrong password was accepted')
  const took = `a wrong password took ${Math.round(known.milliseconds)} ms, an unknown user ${Math.round(absent.milliseconds)} ms (not judged)`
  const { finding, evidence } = compare(known, absent)
  return finding ? failIf([`${evidence}; ${took}`], '') : pass(`${known.status} for both; ${took}`)
}

function compare(known: Answer, absent: Answer): { readonly finding: boolean; readonly evidence: string } {
  if (known.status !== absent.status)
    return {
      finding: true,
      evidence: `${known.status} for a wrong password, ${absent.status} for an unknown user`,
    }
  if (known.headers.get('location') !== absent.headers.get('location'))
    return { finding: true, evidence: 'they are sent to different places' }
  return { finding: known.text !== absent.text, evidence: 'the bodies differ' }
}

async function isNotKept(exam: Examiner): Promise<Finding> {
  const visitor = exam.visitor(await exam.account())
  const answers: [string, Answer][] = [
    ['login', await visitor.take('login')],
    ['me', await visitor.me()],
  ]
  return failIf(
    answers.map(([name, { headers }]) => {
      const control = headers.get('cache-control') ?? ''
      return !/no-store/i.test(control) && `what ${name} answers has Cache-Control: ${control || 'none'}`
    }),
    'no-store',
  )
}

/** What a browser still has from before a change of keys, names or servers. */
async function isAnonymous(exam: Examiner): Promise<Finding> {
  const { session, public: open } = exam.profile
  if (!('cookies' in session)) return notApplicable('a token is sent on purpose')
  const known = await exam.signIn()
  const problems: (string | false)[] = []
  for (const garbage of GARBAGE) {
    const visitor = exam.visitor(known.account)
    visitor.plant(known.credentials(), garbage)
    const what = `with the cookie ${garbage.slice(0, 7)}`
    if (open) {
      const { status } = await visitor.browser.fetch(open.path, { redirect: 'manual' })
      problems.push(status >= 400 && `${open.path} answers ${status} ${what}`)
    }
    const { status, ok } = await visitor.take('login')
    problems.push(!ok && `login answers ${status} ${what}`)
  }
  return failIf(problems, 'it is passed over')
}

/** Of no form, of the form of a JWT, and a JWT of somebody else that has expired. */
const GARBAGE = ['garbage', 'a.b.c', 'eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2lnbmF0dXJlc2lnbmF0dXJl']

/** Of frameworks in a debugging mode, and of stacks of several languages. */
const INNARDS =
  /Traceback \(most recent call last\)|DEBUG = True|^\s+at .+:\d+:\d+\)?$|node_modules\/|\.py", line \d+|SQLSTATE|sqlite3?\.|OperationalError|java\.lang\.|System\.\w+Exception/m

async function tellsNothing(exam: Examiner): Promise<Finding> {
  const { login, me } = exam.profile
  const type = {
    'content-type': login.type === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
  }
  const post = (body: string, headers: Record<string, string> = type) =>
    exam.send(login.path, { method: login.method, headers, body })
  const fields = Object.keys(login.body ?? {})
  const answers = [
    await post('{"'),
    await post('[]'),
    await post(JSON.stringify(Object.fromEntries(fields.map((name) => [name, { $ne: null }])))),
    await post(JSON.stringify(Object.fromEntries(fields.map((name) => [name, '\u0000\ud800'])))),
    await post('x', { 'content-type': 'application/xml' }),
    await exam.send(`${me.path}/${'%00'.repeat(3)}`),
    await exam.send(me.path, { headers: { cookie: '=;;=%;"', authorization: 'Bearer' } }),
  ]
  return failIf(
    [
      ...new Set(
        answers.map(({ status, text }) => {
          if (INNARDS.test(text)) return `an answer with ${status} shows the server's insides`
          return status >= 500 && status !== 503 && `a request that makes no sense is answered with ${status}`
        }),
      ),
    ],
    'errors say what is wrong with the request, and nothing else',
  )
}

async function hasHeaders(exam: Examiner): Promise<Finding> {
  const visitor = await exam.signIn()
  const { headers } = await visitor.me()
  const isFramed =
    !headers.has('x-frame-options') && !/frame-ancestors/i.test(headers.get('content-security-policy') ?? '')
  return failIf(
    [
      headers.get('x-content-type-options')?.toLowerCase() !== 'nosniff' &&
        'no X-Content-Type-Options: nosniff',
      isFramed && 'neither frame-ancestors nor X-Frame-Options',
      exam.isSecure && !headers.has('strict-transport-security') && 'no Strict-Transport-Security',
      headers.has('x-powered-by') && 'X-Powered-By tells what it is made of',
    ],
    'they are there',
  )
}

/** More than any honest user, and fewer than any guesser. */
const TRIES = 25

async function slowsGuesses(exam: Examiner): Promise<Finding> {
  const account = await exam.newAccount()
  let first: Answer | undefined
  for (let tried = 1; tried <= TRIES; tried++) {
    const answer = await exam.visitor(account).take('login', { vars: { password: `${WRONG} ${tried}` } })
    if (answer.ok) return unknown('a wrong password was accepted')
    first ??= answer
    const waits = !first.headers.has('retry-after') && answer.headers.has('retry-after')
    if (answer.status === 429 || waits) return pass(`${answer.status} at try ${tried}`)
    // A server that breaks down under guesses does not slow them.
    if (answer.status !== first.status && answer.status < 500)
      return pass(`${answer.status} in place of ${first.status} at try ${tried}`)
  }
  return failIf(
    [`${TRIES} wrong passwords of one account were all tried, the first answered with ${first?.status}`],
    '',
  )
}

export const ANSWER_RULES: readonly Rule[] = [
  {
    id: 'enumeration',
    level: 'must',
    what: 'A wrong password and an unknown user are answered the same.',
    why: 'Anybody finds out who has an account. Time is reported and not judged: it varies with the machine.',
    reference: 'OWASP ASVS 5.0, 6.3.8',
    check: tellsNobody,
  },
  {
    id: 'cache',
    level: 'should',
    what: 'Answers about somebody say Cache-Control: no-store.',
    why: 'The browser’s cache, or one on the way, shows them to the next person.',
    reference: 'OWASP ASVS 5.0, 14.3.2; RFC 9111, 5.2.2.5',
    check: isNotKept,
  },
  {
    id: 'garbage-cookie',
    level: 'must',
    what: 'A cookie that makes no sense is passed over where nobody needs to be signed in, first of all at sign-in.',
    why: 'After a change of keys nobody whose browser still has the old cookie can sign in.',
    reference: 'RFC 9110, 15.5.2',
    check: isAnonymous,
  },
  {
    id: 'error-details',
    level: 'must',
    what: 'Errors show nothing of the server’s insides, and nothing that was sent makes one of the 5xx kind.',
    why: 'Stacks, queries and versions are what the next attack is made of.',
    reference: 'OWASP ASVS 5.0, 16.5.1',
    check: tellsNothing,
  },
  {
    id: 'security-headers',
    level: 'should',
    what: 'Answers are neither sniffed nor framed; on https, only https from now on.',
    why: 'A browser takes data for a page, or shows it in somebody else’s.',
    reference: 'OWASP ASVS 5.0, 3.4.1, 3.4.4 and 3.4.6',
    check: hasHeaders,
  },
  {
    id: 'rate-limit',
    level: 'must',
    what: `Not all of ${TRIES} wrong passwords of one account are simply tried.`,
    why: 'A thousand common passwords a minute open most accounts that have one.',
    reference: 'OWASP ASVS 5.0, 6.3.1',
    check: slowsGuesses,
  },
]
