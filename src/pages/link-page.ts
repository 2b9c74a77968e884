// What does somebody see who has opened a link of a mail?
import { CSRF_FIELD } from '../protocol.ts'
import { renderPage } from './layout.ts'
import type { Markup } from './markup.ts'
import { html } from './markup.ts'

export type LinkPageKind = 'verify' | 'reset' | 'changeEmail'

export type LinkPageField = 'token' | 'newPassword' | 'password'

/** What was wrong with what was sent, in words for the person. */
export interface LinkPageProblem {
  /** Of the whole. */
  readonly alert: string | null
  readonly fields: Readonly<Partial<Record<LinkPageField, string>>>
  /** The field that has to be filled in before it goes on. */
  readonly asks: LinkPageField | null
}

export interface LinkPageView {
  readonly kind: LinkPageKind
  /** `open`: a form; nothing has been used up. */
  readonly state: 'open' | 'done' | 'ended'
  readonly problem: LinkPageProblem | null
  /** What the application is called. */
  readonly site: string
  /** Paths of the page and of the application. */
  readonly action: string
  readonly home: string
  readonly csrfToken: string
  readonly shortestPassword: number
}

interface Texts {
  readonly title: string
  readonly lead: string
  readonly button: string
  readonly done: string
  readonly doneLead: string
  readonly ended: string
}

const TEXTS: Readonly<Record<LinkPageKind, Texts>> = {
  verify: {
    title: 'Confirm your address',
    lead: 'One click, and we know that this address is yours.',
    button: 'Confirm address',
    done: 'Your address is confirmed',
    doneLead: 'Thank you. You can go on now.',
    ended:
      'It was used already, is too old, or a newer one has taken its place. Sign in or register to get another.',
  },
  reset: {
    title: 'Choose a new password',
    lead: 'It takes the place of the old one, and signs you out everywhere.',
    button: 'Set new password',
    done: 'Your password is changed',
    doneLead: 'You have been signed out everywhere. Sign in with the new one.',
    ended:
      'It was used already, is too old, or a newer one has taken its place. Ask for another where you sign in.',
  },
  changeEmail: {
    title: 'Confirm your new address',
    lead: 'From then on this is the address of your account. Other browsers are signed out.',
    button: 'Use this address',
    done: 'Your address is changed',
    doneLead: 'We have told the old address, too.',
    ended:
      'It was used already, is too old, or a newer one has taken its place. Ask for another in your account.',
  },
}

/** Asked for only where the form has been sent without it. */
const ASKED: Readonly<Partial<Record<LinkPageField, Readonly<Partial<Record<LinkPageKind, string>>>>>> = {
  newPassword: {
    verify:
      'This is not the browser that registered. So that nobody else’s password opens your account, choose one here. Or open the link in the browser where you registered.',
  },
  password: {
    changeEmail: 'You are not signed in here, so prove that the account is yours: write its password.',
  },
}

export function renderLinkPage(view: LinkPageView): string {
  const { kind, state, site } = view
  const { title, done } = TEXTS[kind]
  if (state === 'open') return renderPage({ title, site, content: form(view) })
  return state === 'done'
    ? renderPage({ title: done, site, content: doneContent(view) })
    : renderPage({ title: 'This link has ended', site, content: endedContent(view) })
}

function form(view: LinkPageView): Markup {
  const { kind, action, csrfToken, problem } = view
  const { title, lead, button } = TEXTS[kind]
  const asks = problem?.asks ?? null
  const asked = asks && ASKED[asks]?.[kind]
  return html`<h1 tabindex="-1">${title}</h1>
${asked ? html`<p class="note">${asked}</p>` : html`<p class="soft">${lead}</p>`}
<div class="alert" role="alert">${problem?.alert ?? null}</div>
<form method="post" action="${action}" novalidate>
<input type="hidden" name="${CSRF_FIELD}" value="${csrfToken}">
${tokenField(view)}
${kind === 'reset' || asks === 'newPassword' ? newPasswordField(view) : null}
${asks === 'password' ? passwordField(view) : null}
<button type="submit">${button}</button>
</form>`
}

/** Filled in and hidden by the script; by hand where there is none. */
const tokenField = (view: LinkPageView): Markup =>
  field(
    view,
    'token',
    'Link from the mail',
    'text',
    'off',
    'Copy the whole link in the mail and paste it here.',
  )

const newPasswordField = (view: LinkPageView): Markup =>
  field(
    view,
    'newPassword',
    'New password',
    'password',
    'new-password',
    `At least ${view.shortestPassword} characters. A few unrelated words are easy to remember and hard to guess.`,
  )

const passwordField = (view: LinkPageView): Markup =>
  field(view, 'password', 'Password of the account', 'password', 'current-password', null)

function field(
  { problem }: LinkPageView,
  name: LinkPageField,
  label: string,
  type: string,
  autocomplete: string,
  hint: string | null,
): Markup {
  const error = problem?.fields[name]
  // What is wrong says what would be right, too.
  const note = error ?? hint
  return html`<div class="field" data-field="${name}">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" autocapitalize="none" spellcheck="false" required${error ? html` aria-invalid="true"` : null}${note ? html` aria-describedby="${name}-note"` : null}>
${note ? html`<p class="${error ? 'error' : 'hint'}" id="${name}-note">${note}</p>` : null}
</div>`
}

const TICK = html`<svg class="done" viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="24" cy="24" r="21"/><path d="m15 25 6 6 12-13"/></svg>`
const CLOCK = html`<svg class="over" viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="24" cy="24" r="21"/><path d="M24 12v12l8 6"/></svg>`

function doneContent({ kind, home }: LinkPageView): Markup {
  const { done, doneLead } = TEXTS[kind]
  return html`${TICK}
<h1 tabindex="-1">${done}</h1>
<p class="soft">${doneLead}</p>
<a class="button" href="${home}">Continue</a>`
}

function endedContent({ kind, home }: LinkPageView): Markup {
  return html`${CLOCK}
<h1 tabindex="-1">This link has ended</h1>
<p class="soft">${TEXTS[kind].ended}</p>
<a class="button" href="${home}">Continue</a>`
}
