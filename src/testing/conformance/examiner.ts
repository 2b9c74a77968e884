// How does the conformance kit use a sign-in API that it knows from a profile alone?
import type { Clock } from '../../ports/clock.ts'
import type { Browser } from '../browser/browser.ts'
import { createBrowser } from '../browser/browser.ts'
import type { Handler } from '../browser/send.ts'
import { prefixOf } from '../cookie/drop.ts'
import { setCookieLines } from '../cookie/lines.ts'
import type { SetCookie } from '../cookie/parse.ts'
import { parseSetCookie } from '../cookie/parse.ts'
import type { StoredCookie } from '../jar/receive.ts'
import { registrableDomain } from '../jar/site.ts'
import type { Account, KnownProfile, KnownStep } from './profile.ts'

/** An answer that has been read to its end. */
export interface Answer {
  readonly status: number
  readonly ok: boolean
  readonly headers: Headers
  readonly text: string
  readonly cookies: readonly SetCookie[]
  readonly milliseconds: number
}

export type StepName = 'register' | 'login' | 'logout' | 'refresh' | 'changePassword' | 'change'

/** More that goes with a request, or in place of what the profile says. */
export interface Extra {
  readonly headers?: Readonly<Record<string, string>>
  readonly vars?: Readonly<Record<string, string>>
}

/** The kit stops asking: the answers that are missing make rules `unknown`. */
export class BudgetSpent extends Error {}

export interface Budget {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly mostRequests: number
  /** By the monotonic clock. */
  readonly endsAt: number
  readonly wait: (milliseconds: number) => Promise<unknown>
}

export class Examiner {
  readonly origin: string
  readonly profile: KnownProfile
  readonly clock: Budget['clock']
  readonly #handler: Handler
  readonly #budget: Budget
  readonly #nonce: string
  readonly #memory = new Map<string, Promise<unknown>>()
  /** What the first registration was answered, and which credentials it gave; `null` where the profile has no registration. */
  registered: { readonly answer: Answer; readonly visitor: Visitor } | null = null
  #requests = 0
  #accounts = 0

  /** `nonce` makes addresses and passwords of this run its own. */
  constructor(origin: string, profile: KnownProfile, handler: Handler, budget: Budget, nonce: string) {
    this.origin = origin
    this.profile = profile
    this.clock = budget.clock
    this.#budget = budget
    this.#nonce = nonce
    this.#handler = async (request) => {
      if (++this.#requests > budget.mostRequests) throw new BudgetSpent('no requests are left')
      if (budget.clock.monotonic() > budget.endsAt) throw new BudgetSpent('no time is left')
      return handler(request)
    }
  }

  async wait(milliseconds: number): Promise<void> {
    await this.#budget.wait(milliseconds)
  }

  get requests(): number {
    return this.#requests
  }

  get hasTimeLeft(): boolean {
    return this.#requests < this.#budget.mostRequests && this.clock.monotonic() <= this.#budget.endsAt
  }

  get isSecure(): boolean {
    return this.origin.startsWith('https:')
  }

  /** A page that is of the same site and not of the same origin: SameSite does not stop it. */
  get sibling(): string {
    const { protocol, hostname, port } = new URL(this.origin)
    const domain = registrableDomain(hostname)
    if (domain !== hostname || hostname.includes('.')) {
      const isAddress = /^[0-9.]+$/.test(hostname) || hostname.startsWith('[')
      if (!isAddress) return `${protocol}//sibling-of-the-test.${domain}`
    }
    return `${protocol}//${hostname}:${port === '9' ? '10' : '9'}`
  }

  /** The same answer for everybody who asks for it. */
  once<T>(name: string, work: () => Promise<T>): Promise<T> {
    const known = this.#memory.get(name) ?? work()
    this.#memory.set(name, known)
    return known as Promise<T>
  }

  /** Somebody who has an account and has not signed in. The same one each time: servers count registrations. */
  account(): Promise<Account> {
    return this.once('account', () => this.newAccount())
  }

  /** Somebody else, where there is anybody else, whose account a rule may harm. */
  async newAccount(): Promise<Account> {
    const number = this.#accounts++
    const { register, accounts = [] } = this.profile
    if (register === undefined) return accounts[number % accounts.length] as Account
    const name = `conformance-${this.#nonce}-${number}`
    const account = {
      email: `${name}@example.com`,
      username: name.replaceAll('-', ''),
      password: `Kelp7 lantern orbit ${this.#nonce}`,
    }
    const visitor = this.visitor(account)
    const answer = await visitor.take('register')
    if (!answer.ok) throw new Error(this.answered('register', answer))
    this.registered ??= { answer, visitor }
    return account
  }

  visitor(account: Account): Visitor {
    const browser = createBrowser(this.#handler, { origin: this.origin, clock: this.clock })
    return new Visitor(this, account, browser)
  }

  /** Somebody who has signed in, in a browser of their own. */
  async signIn(account?: Account): Promise<Visitor> {
    const visitor = this.visitor(account ?? (await this.account()))
    const answer = await visitor.take('login')
    if (!answer.ok) throw new Error(this.answered('login', answer))
    return visitor
  }

  /** Exactly this, with nothing that a browser adds. */
  async send(path: string, init: RequestInit = {}): Promise<Answer> {
    const url = new URL(path, this.origin)
    const headers = new Headers(init.headers)
    headers.set('host', url.host)
    const startedAt = this.clock.monotonic()
    const response = await this.#handler(new Request(url, { redirect: 'manual', ...init, headers }))
    return toAnswer(response, this.clock.monotonic() - startedAt)
  }

  step(name: StepName): KnownStep | undefined {
    const { profile } = this
    return name === 'change' ? (profile.change ?? profile.changePassword ?? profile.logout) : profile[name]
  }

  /** For whoever wrote the profile: which step of it was answered how. */
  answered(name: StepName, { status }: Pick<Answer, 'status'>): string {
    const { method = '', path = '' } = this.step(name) ?? {}
    return `${name}, ${method} ${path}, was answered with ${status}`
  }
}

export async function toAnswer(response: Response, milliseconds: number): Promise<Answer> {
  const { status, ok, headers } = response
  const cookies = setCookieLines(response).flatMap((line) => parseSetCookie(line) ?? [])
  return { status, ok, headers, text: await response.text(), cookies, milliseconds }
}

/** The name without its prefix. */
export function baseName(name: string): string {
  return name.slice(prefixOf(name)?.length ?? 0)
}

/** Somebody in a browser, or with a token in their hand. */
export class Visitor {
  readonly account: Account
  readonly browser: Browser
  readonly #exam: Examiner
  #token: string | null = null
  #refresh: string | null = null
  #password: string

  constructor(exam: Examiner, account: Account, browser: Browser) {
    this.#exam = exam
    this.account = account
    this.browser = browser
    this.#password = account.password
  }

  /** The same credentials, in other hands. */
  copy(): Visitor {
    const other = this.#exam.visitor(this.account)
    other.plant(this.browser.jar)
    other.#token = this.#token
    other.#refresh = this.#refresh
    other.#password = this.#password
    return other
  }

  /** Somebody else's cookies, where they have them; or with another value. */
  plant(cookies: Iterable<StoredCookie>, planted?: string): void {
    for (const { name, value, path, domain, hostOnly, secure, httpOnly } of cookies) {
      const parts = [`${name}=${planted ?? value}`, `Path=${path}`]
      if (!hostOnly) parts.push(`Domain=${domain}`)
      if (secure) parts.push('Secure')
      if (httpOnly) parts.push('HttpOnly')
      this.browser.jar.receive(new URL(path, this.#exam.origin).href, parts.join('; '))
    }
  }

  /** The cookies that say who somebody is; none where a token does. */
  credentials(): readonly StoredCookie[] {
    const { session } = this.#exam.profile
    if (!('cookies' in session)) return []
    const names = session.cookies.map(baseName)
    return [...this.browser.jar].filter(({ name }) => names.includes(baseName(name)))
  }

  /** Everything that is worth stealing. */
  secrets(): readonly string[] {
    const tokens = [this.#token, this.#refresh].filter((token) => token !== null)
    return [...this.credentials().map(({ value }) => value), ...tokens]
  }

  /** What goes with a request of this visitor's to `path`, for requests that no browser sends. */
  credentialHeaders(path = '/'): Readonly<Record<string, string>> {
    const { session } = this.#exam.profile
    const cookie = this.browser.jar.header(new URL(path, this.#exam.origin).href)
    if ('cookies' in session) return cookie === '' ? {} : { cookie }
    return this.#token === null ? {} : { [session.header]: `${session.scheme} ${this.#token}` }
  }

  /** Does what the profile says, as a page of the API's own origin does. */
  async take(name: StepName, extra: Extra = {}): Promise<Answer> {
    const step = this.#exam.step(name)
    if (step === undefined) throw new Error(`the profile has no ${name}`)
    const headers = { ...this.#bearer(), ...(await this.csrfHeader(step.method)), ...extra.headers }
    const { clock } = this.#exam
    const startedAt = clock.monotonic()
    const response = await this.browser.fetch(step.path, {
      method: step.method,
      headers,
      redirect: 'manual',
      ...this.body(step, extra.vars),
    })
    const answer = await toAnswer(response, clock.monotonic() - startedAt)
    if (answer.ok && (name === 'login' || name === 'refresh' || name === 'register')) this.#keepTokens(answer)
    return answer
  }

  #bearer(): Readonly<Record<string, string>> {
    return 'cookies' in this.#exam.profile.session ? {} : this.credentialHeaders()
  }

  #keepTokens({ text }: Answer): void {
    const { session } = this.#exam.profile
    if ('cookies' in session) return
    this.#token = fieldOf(text, session.token) ?? this.#token
    if (session.refresh !== undefined) this.#refresh = fieldOf(text, session.refresh) ?? this.#refresh
  }

  /** The CSRF token, where the profile says how a page gets it. */
  async csrfHeader(method: string): Promise<Readonly<Record<string, string>>> {
    const { csrf } = this.#exam.profile
    if (csrf === undefined || method === 'GET') return {}
    const held = csrf.cookie === undefined ? undefined : this.#cookieNamed(csrf.cookie)
    if (held !== undefined) return { [csrf.header]: held }
    if (csrf.path === undefined) return {}
    const response = await this.browser.fetch(csrf.path, { headers: this.#bearer() })
    const text = await response.text()
    const token = csrf.field === undefined ? this.#cookieNamed(csrf.cookie ?? '') : fieldOf(text, csrf.field)
    return token === undefined ? {} : { [csrf.header]: token }
  }

  #cookieNamed(name: string): string | undefined {
    return [...this.browser.jar].find((cookie) => baseName(cookie.name) === baseName(name))?.value
  }

  /** Fields with what they stand for in place of it. */
  fields(step: KnownStep, vars: Extra['vars'] = {}): Readonly<Record<string, unknown>> {
    const { email, username } = this.account
    const all: Record<string, string> = {
      email,
      username,
      password: this.#password,
      newPassword: `${this.account.password} again`,
      nonce: `n${this.#exam.requests}`,
      refresh: this.#refresh ?? '',
      ...vars,
    }
    const fill = (value: unknown): unknown =>
      typeof value === 'string' ? value.replaceAll(/\{(\w+)\}/g, (whole, name) => all[name] ?? whole) : value
    return Object.fromEntries(Object.entries(step.body ?? {}).map(([name, value]) => [name, fill(value)]))
  }

  body(step: KnownStep, vars?: Extra['vars']): { readonly json?: unknown; readonly body?: URLSearchParams } {
    if (step.body === undefined) return {}
    const fields = this.fields(step, vars)
    return step.type === 'json' ? { json: fields } : { body: new URLSearchParams(toTexts(fields)) }
  }

  async me(): Promise<Answer> {
    const { clock, profile } = this.#exam
    const startedAt = clock.monotonic()
    const response = await this.browser.fetch(profile.me.path, {
      headers: this.#bearer(),
      redirect: 'manual',
    })
    return toAnswer(response, clock.monotonic() - startedAt)
  }

  async isSignedIn(): Promise<boolean> {
    const { contains } = this.#exam.profile.me
    const answer = await this.me()
    if (answer.status >= 500)
      throw new Error(`${this.#exam.profile.me.path} was answered with ${answer.status}`)
    const wanted = contains
      ?.replaceAll('{email}', this.account.email)
      .replaceAll('{username}', this.account.username)
    return answer.ok && (wanted === undefined || answer.text.includes(wanted))
  }
}

export function toTexts(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value ?? '')]))
}

/** `a.b` of a JSON text. */
function fieldOf(text: string, field: string): string | undefined {
  try {
    const value = field
      .split('.')
      .reduce<unknown>((inner, name) => (inner as Record<string, unknown>)?.[name], JSON.parse(text))
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
