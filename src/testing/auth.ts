// How does a test get a whole Lockjar, with somebody signed in, and nothing to wait for?
import { createHash } from 'node:crypto'
import { openMemory } from '../drivers/memory/index.ts'
import type { Auth, AuthOptions, NodeOptions } from '../index.ts'
import { createAuth } from '../index.ts'
import type { LogFields, Logger } from '../ports/logger.ts'
import type { Mailer, OutgoingMail } from '../ports/mailer.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import type { Store } from '../ports/store.ts'
import type { User } from '../protocol.ts'
import { PATHS } from '../protocol.ts'
import type { Browser, BrowserOptions } from './browser/browser.ts'
import { createBrowser } from './browser/browser.ts'
import type { TestClock } from './clock.ts'
import { createTestClock } from './clock.ts'
import type { Egress } from './egress/guard.ts'
import { createEgress } from './egress/guard.ts'

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly fields: LogFields
  readonly message: string
}

export interface TestAuthOptions
  extends Partial<AuthOptions>,
    Omit<NodeOptions, 'database' | 'clock' | 'logger'> {
  /** Default: one that begins with the year 2026. */
  readonly clock?: TestClock
  /** Default: a fresh one in memory. */
  readonly store?: Store
}

export interface NewTestUser {
  /** Default: another one at each call. */
  readonly email?: string
  /** Default: one that is long enough. */
  readonly password?: string
  readonly username?: string
  readonly name?: string
  readonly roles?: readonly string[]
  readonly remember?: boolean
}

/** Somebody, in their browser. */
export interface TestVisit {
  readonly user: User
  readonly password: string
  readonly browser: Browser
  /** What that browser sends with a request of the page's own: for `inject`, supertest and the like, which name another host by themselves. */
  readonly headers: Readonly<Record<string, string>>
  /** The same as a cookie header alone. */
  readonly cookie: string
}

export interface TestAuth {
  /** Its handler, its protected handlers and its log are guarded: a token that leaves is an `EgressLeak`. */
  readonly auth: Auth
  readonly clock: TestClock
  readonly store: Store
  readonly log: readonly LogLine[]
  /** What was sent so far, unless `mailer` or `mail.smtp` takes it elsewhere. A mail goes out after the answer of the request that caused it. */
  readonly mails: readonly OutgoingMail[]
  readonly egress: Egress
  /** A browser of nobody. What is below `basePath` goes to Lockjar, everything else to `app`. */
  browser(app?: App, options?: Partial<BrowserOptions>): Browser
  /** Signs somebody in, in a browser of their own; who has no account yet is given one. */
  signIn(user?: NewTestUser, app?: App): Promise<TestVisit>
}

export type App = (request: Request) => Response | Promise<Response>

const ORIGIN = 'http://localhost:3000'
/** For tests only; whoever reads this knows it. */
const SECRET = 'bG9ja2phci90ZXN0aW5nIG9ubHkgLSBub3QgYSBzZWNyZXQhIQ'
const PASSWORD = 'correct horse battery staple'

/**
 * A Lockjar in memory: a clock that goes on when the test says so, passwords hashed in no time, no limits, and an egress guard. Options
 * are those of `createAuth`, `baseURL` is `http://localhost:3000` by default.
 *
 * @example
 * ```ts
 * import { createTestAuth } from 'lockjar/testing'
 *
 * const { auth, clock, signIn } = await createTestAuth()
 * const app = auth.protect((_request, { user }) => Response.json({ hello: user.id }))
 * const { browser, headers } = await signIn({ roles: ['editor'] }, app)
 * const hello = await browser.fetch('/api/hello')
 * clock.advance(12 * 60 * 60 * 1000)
 * const gone = await browser.fetch('/auth/refresh', { method: 'POST' })
 * console.log(hello.status, gone.status, headers) // 200 401 { host: …, cookie: …, 'sec-fetch-site': 'same-origin', origin: … }
 * ```
 */
export async function createTestAuth({
  clock = createTestClock(),
  store = openMemory(clock),
  ...options
}: TestAuthOptions = {}): Promise<TestAuth> {
  const egress = createEgress()
  const log: LogLine[] = []
  const mails: OutgoingMail[] = []
  const made = await createAuth({
    baseURL: ORIGIN,
    secret: SECRET,
    rateLimits: 'off',
    passwordHasher: quickHasher,
    ...(options.mail?.smtp === undefined && { mailer: collectMails(mails) }),
    ...options,
    database: store,
    clock,
    logger: egress.guardLogger(collectLines(log)),
  })
  const auth: Auth = {
    ...made,
    handler: egress.guard(made.handler),
    protect: ((...args: Parameters<Auth['protect']>) =>
      egress.guard(made.protect(...args))) as Auth['protect'],
  }
  const { origin } = auth.config
  const { host } = new URL(origin)

  const browser = (app: App = notFound, more: Partial<BrowserOptions> = {}): Browser =>
    createBrowser(
      (request, info) =>
        auth.owns(new URL(request.url).pathname) ? auth.handler(request, info) : app(request),
      { origin, clock, ...more },
    )

  let users = 0
  const signIn = async (who: NewTestUser = {}, app?: App): Promise<TestVisit> => {
    const {
      email = `user${++users}@example.com`,
      password = PASSWORD,
      remember = false,
      roles,
      ...rest
    } = who
    const known = await auth.users.find({ email })
    const { id } = known ?? (await auth.users.create({ email, password, ...rest }))
    if (roles) await auth.users.setRoles(id, roles)
    const own = browser(app)
    const json = { email, password, remember }
    const response = await own.fetch(auth.config.basePath + PATHS.login, { method: 'POST', json })
    const body = (await response.json()) as { readonly user: User; readonly title?: string }
    if (!response.ok)
      throw new Error(`lockjar/testing: signing in was refused: ${response.status} ${body.title}`)
    return {
      user: body.user,
      password,
      browser: own,
      get cookie() {
        return own.jar.header(`${origin}/`)
      },
      get headers() {
        const cookie = own.jar.header(`${origin}/`)
        return { host, cookie, 'sec-fetch-site': 'same-origin', origin }
      },
    }
  }

  return { auth, clock, store, log, mails, egress, browser, signIn }
}

const notFound: App = () => new Response('not found', { status: 404 })

function collectLines(log: LogLine[]): Logger {
  const write = (level: LogLine['level']) => (fields: LogFields, message: string) => {
    log.push({ level, fields, message })
  }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}

const collectMails = (mails: OutgoingMail[]): Mailer => ({
  async send(mail) {
    mails.push(mail)
  },
})

const SCHEME = '$quick-for-tests$'
const digest = (password: string): string =>
  SCHEME + createHash('sha256').update(password).digest('base64url')

/** No protection at all, and in no time: hashing is not what a test of an application tests. */
const quickHasher: PasswordHasher = {
  hash: async (password) => digest(password),
  verify: async (password, hash) => ({ ok: hash === digest(password), mustRehash: false }),
  verifyAbsent: async () => {},
  close: async () => {},
}
