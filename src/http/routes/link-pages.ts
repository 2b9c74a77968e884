// GET and POST /auth/verify-email, /auth/reset-password and /auth/change-email: which pages do links open?
import * as v from 'valibot'
import type { AuthError } from '../../errors.ts'
import type { LinkPageField, LinkPageKind, LinkPageProblem } from '../../pages/link-page.ts'
import { renderLinkPage } from '../../pages/link-page.ts'
import { LINK_PAGES } from '../../protocol.ts'
import { csrfBinding } from '../credentials.ts'
import { csrfTokenFor, maskToken } from '../csrf-token.ts'
import { pageHeaders } from '../page-policy.ts'
import type { Answer } from '../response.ts'
import { toAuthError } from '../response.ts'
import { emptyBody } from '../schemas.ts'
import type { BodySchema } from '../validate.ts'
import { validate } from '../validate.ts'
import { admitAll } from './admission.ts'
import { confirmEmailChangeRoute, verifyEmailRoute } from './email.ts'
import { resetPasswordRoute } from './password-reset.ts'
import type { Call, Route } from './route.ts'
import { defineRoute } from './route.ts'

/** Where a form leads that was taken, so that loading the page anew does not send it again. */
const DONE = '/done'

/** What each page sends on, and to which route: it decides nothing that the route does not. */
const SENDS: Readonly<Record<LinkPageKind, readonly [route: Route, fields: readonly LinkPageField[]]>> = {
  verify: [verifyEmailRoute, ['token', 'newPassword']],
  reset: [resetPasswordRoute, ['token', 'newPassword']],
  changeEmail: [confirmEmailChangeRoute, ['token', 'password']],
}

type Fields = Readonly<Partial<Record<LinkPageField, string>>>

/** Everything may be missing: the route's own schema says what is wrong, and the page says it beside the field. */
const text = v.exactOptional(v.string())
const pageBody = v.object({ token: text, newPassword: text, password: text })

/** A GET changes nothing and looks at no token, which no browser sends: the link can be opened by scanners as often as they like. */
const getPage = (kind: LinkPageKind, state: 'open' | 'done'): Route =>
  defineRoute({
    method: 'GET',
    path: state === 'open' ? LINK_PAGES[kind] : LINK_PAGES[kind] + DONE,
    operationId: `${kind}Page`,
    summary: 'The page that a link opens',
    body: emptyBody,
    success: { status: 200, description: 'The page' },
    refusals: [],
    admit: admitAll,
    run: (call) => answerPage(call, kind, state, 200, null),
  })

const sendPage = (kind: LinkPageKind): Route => {
  const [route, fields] = SENDS[kind]
  return defineRoute({
    method: 'POST',
    path: LINK_PAGES[kind],
    operationId: `${kind}PageSent`,
    summary: 'The form of that page',
    body: pageBody as BodySchema,
    success: { status: 303, description: 'Done' },
    refusals: route.refusals,
    admit: route.admit,
    async run(call) {
      const sent = call.body as Fields
      try {
        const { setCookies = [] } = await route.run({
          ...call,
          body: validate(route.body, toForm(sent, fields)),
        })
        return { status: 303, setCookies, headers: [['Location', pathOf(call, kind) + DONE]] }
      } catch (thrown) {
        return answerRefusal(call, kind, toAuthError(thrown), sent)
      }
    },
  })
}

export const LINK_PAGE_ROUTES: readonly Route[] = (['verify', 'reset', 'changeEmail'] as const).flatMap(
  (kind) => [getPage(kind, 'open'), getPage(kind, 'done'), sendPage(kind)],
)

const pathOf = ({ runtime }: Call<unknown>, kind: LinkPageKind): string =>
  runtime.config.basePath + LINK_PAGES[kind]

/** Somebody without scripts pastes the whole link. */
const toForm = ({ token = '', ...rest }: Fields, fields: readonly LinkPageField[]) => {
  const present = Object.entries({ token: /#token=(.*)$/.exec(token)?.[1] ?? token.trim(), ...rest }).filter(
    ([name, value]) => value !== undefined && fields.some((field) => field === name),
  )
  return { form: true, value: Object.fromEntries(present) as Record<string, string> }
}

async function answerPage(
  call: Call<unknown>,
  kind: LinkPageKind,
  state: 'open' | 'done' | 'ended',
  status: number,
  problem: LinkPageProblem | null,
): Promise<Answer> {
  const { runtime, policy, facts } = call
  const { config } = runtime
  const { token, held } = await csrfTokenFor(
    await csrfBinding(facts, policy, runtime),
    facts,
    policy,
    runtime,
  )
  const html = renderLinkPage({
    kind,
    state,
    problem,
    site: config.mail.appName,
    action: pathOf(call, kind),
    home: '/',
    csrfToken: maskToken(token, runtime),
    shortestPassword: config.password.minLength,
  })
  const setCookies = held ? [] : [policy.set('csrf', token)]
  return { status, html, setCookies, headers: await pageHeaders() }
}

async function answerRefusal(
  call: Call<unknown>,
  kind: LinkPageKind,
  error: AuthError,
  sent: Fields,
): Promise<Answer> {
  const { logger } = call.runtime
  if (error.status >= 500) {
    const { cause } = error
    logger.error(
      { event: 'request.failed', code: error.code, error: cause instanceof Error ? cause : error },
      error.message,
    )
  }
  const state = error.code === 'link_ended' ? 'ended' : 'open'
  const answer = await answerPage(call, kind, state, error.status, toProblem(error, sent))
  const { retryAfter } = error.facts
  if (retryAfter === undefined) return answer
  return { ...answer, headers: [...(answer.headers ?? []), ['Retry-After', String(retryAfter)]] }
}

const NO_LINK = { token: 'Paste the link from the mail.' }
const NO_PASSWORD = { password: 'Write the password.' }
const WRONG_PASSWORD = { password: 'The password is not right.' }
const NOT_ASKED: LinkPageProblem = { alert: null, fields: {}, asks: null }

function toProblem(error: AuthError, sent: Fields): LinkPageProblem {
  const { errors = [], retryAfter } = error.facts
  const said = Object.fromEntries(errors.map(({ field, message }) => [field, message]))
  const fields = { ...said, ...('token' in said && NO_LINK) }
  switch (error.code) {
    case 'validation_failed':
      return { ...NOT_ASKED, fields, asks: sent.password === undefined ? 'newPassword' : 'password' }
    case 'new_password_needed':
      return { ...NOT_ASKED, fields: sent.newPassword === undefined ? {} : fields, asks: 'newPassword' }
    case 'unauthenticated':
      return { ...NOT_ASKED, fields: sent.password === undefined ? {} : NO_PASSWORD, asks: 'password' }
    case 'invalid_credentials':
      return { ...NOT_ASKED, fields: WRONG_PASSWORD, asks: 'password' }
    case 'conflict':
      return { ...NOT_ASKED, alert: 'This address belongs to another account by now.' }
    case 'csrf_failed':
      return { ...NOT_ASKED, alert: 'This page is too old. Open the link in the mail again.' }
    default:
      return { ...NOT_ASKED, alert: explainOutage(error.status, retryAfter) }
  }
}

function explainOutage(status: number, retryAfter: number | undefined): string {
  const when = retryAfter === undefined ? 'in a moment' : `in ${inWords(retryAfter)}`
  return status === 429
    ? `That was tried too often. Nothing has changed; try again ${when}.`
    : `That did not work, and it is not your fault. Try again ${when}.`
}

const inWords = (seconds: number): string =>
  seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`
