// What does `import … from 'lockjar'` give? Lockjar with Node's clock, randomness, threads and SQLite.
import type { Auth, OnEvent } from './auth.ts'
import { composeAuth } from './auth.ts'
import type { Config as ResolvedConfig } from './config/config.ts'
import { parseDatabase } from './config/database.ts'
import type { AuthOptions } from './config/options.ts'
import { systemClock } from './drivers/node/clock.ts'
import { consoleLogger } from './drivers/node/console-logger.ts'
import { consoleMailer } from './drivers/node/console-mailer.ts'
import { readKeySource } from './drivers/node/key-files.ts'
import { createPasswordPool } from './drivers/node/password-pool.ts'
import { systemRandom } from './drivers/node/random.ts'
import { readOrCreateSecret } from './drivers/node/secret-file.ts'
import type { RedisParts, RedisSetting } from './drivers/redis/index.ts'
import { openRedis } from './drivers/redis/index.ts'
import { openSmtp } from './drivers/smtp/index.ts'
import { openSqlite } from './drivers/sqlite/index.ts'
import type { Clock } from './ports/clock.ts'
import type { Logger } from './ports/logger.ts'
import type { Mailer } from './ports/mailer.ts'
import type { PasswordHasher } from './ports/password-hasher.ts'
import type { Random } from './ports/random.ts'
import type { Store } from './ports/store.ts'

export type {
  Audit,
  AuditBreakKind,
  AuditBroken,
  AuditMark,
  AuditVerdict,
  AuditWhole,
  EventFilter,
  EventPage,
  EventQuery,
  RecordedEvent,
} from './audit.ts'
export type { Auth, Connection, OnEvent, OpenConnections, Sessions } from './auth.ts'
export type { PublicConfig as Config } from './config/config.ts'
export type { Environment, ServerOptions } from './config/env.ts'
export { readEnvironment } from './config/env.ts'
export type {
  AuthOptions,
  BudgetOptions,
  BudgetWindows,
  ClaimOptions,
  CookieOptions,
  LinkOptions,
  MailOptions,
  SessionOptions,
  SigningOptions,
} from './config/options.ts'
export type { AuditAnchor, AuditEntry, AuditHead, AuditKey, AuditRow } from './core/audit/chain.ts'
export type { AuditEvent, EventDetails, EventName } from './core/audit/event.ts'
export type { OwnCookieOptions } from './core/cookie/own.ts'
export type { Duration } from './core/duration/duration.ts'
export type {
  Letter,
  MailContent,
  MailFacts,
  MailRecipient,
  MailTemplate,
  MailTemplates,
} from './core/mail/letter.ts'
export type { MailKind } from './core/mail/mail.ts'
export type { Bucket, BucketState } from './core/rate-limit/bucket.ts'
export type { Window } from './core/rate-limit/count.ts'
export type { Json } from './core/session-data/json.ts'
export type { RedisClient, RedisConnection, RedisOptions, RedisSetting } from './drivers/redis/index.ts'
export type { AuthErrorFacts, ErrorCode, FieldError, MailFailure } from './errors.ts'
export { AuthError, MailError } from './errors.ts'
export type { Admission, Admit, Admitted, Answered, Visitor } from './http/admit.ts'
export type {
  AuthenticatedSession,
  AuthenticatedUser,
  Authentication,
} from './http/authenticate-request.ts'
export type { RequestLike } from './http/facts.ts'
export type { Handler, RequestInfo } from './http/handler.ts'
export type { AuthenticateOptions } from './http/identify.ts'
export type {
  AppHandler,
  Authenticate,
  OpenVisit,
  Protect,
  ProtectOptions,
  SignedIn,
} from './http/protect.ts'
export type { RequireRecentAuth } from './http/recent-auth.ts'
export type { Renew, Renewed } from './http/renew.ts'
export type { Requirement } from './http/requirement.ts'
export type { AnswerHeaders } from './http/response.ts'
export type { RequireRole, RequireUser } from './http/role.ts'
export type { Visit } from './http/visit.ts'
export type { VisitCookies } from './http/visit-cookies.ts'
export type { VisitSession } from './http/visit-session.ts'
export type { AuditEnds, AuditFilter, AuditLog, AuditPage, AuditPlace } from './ports/audit-log.ts'
export type { Clock } from './ports/clock.ts'
export type { KnownNetworks } from './ports/known-networks.ts'
export type { LogFields, Logger } from './ports/logger.ts'
export type { Mailer, OutgoingMail } from './ports/mailer.ts'
export type {
  Completion,
  NewOneTimeToken,
  OneTimeTokenRead,
  OneTimeTokenStore,
} from './ports/one-time-token-store.ts'
export type { ClaimedRow, NewOutboxRow, Outbox } from './ports/outbox.ts'
export type { PasswordHasher, PasswordVerdict } from './ports/password-hasher.ts'
export type { Random } from './ports/random.ts'
export type { Consumption, GiveBackCommand, RateLimiter } from './ports/rate-limiter.ts'
export type { LogCursor, LogPage, RevocationLog } from './ports/revocation-log.ts'
export type {
  AdoptCommand,
  BoundSession,
  ContainerRead,
  DataEntry,
  Holder,
  HolderVerdict,
  SessionDataStore,
  WriteCommand,
  WriteVerdict,
} from './ports/session-data-store.ts'
export type {
  Confirmation,
  OneRevocation,
  Revocation,
  RevocationOfMany,
  SessionRead,
  SessionStore,
  SwapCommand,
} from './ports/session-store.ts'
export type { Store } from './ports/store.ts'
export type { Creation, KeepOne, NewUser, ProfileChange, UserStore, UserWrite } from './ports/user-store.ts'
export type { ListedSession, ManagedUser, Problem, Session, User, UserPage } from './protocol.ts'
export type {
  ImportOptions,
  ImportResult,
  ImportRow,
  ImportSummary,
  UserCreation,
  UserList,
  Users,
} from './users.ts'

/** Parts of the world that may be replaced, for tests and for other platforms. */
export interface NodeOptions {
  /**
   * `sqlite:PATH` (default `sqlite:./data/lockjar.db`), `postgres://user:password@host:5432/name` (needs the package `pg`), or a store
   * that is open already.
   */
  readonly database?: string | Store
  /**
   * `redis://HOST:PORT`, `rediss://` with TLS, a client of ioredis, or `{ url, client, prefix, sessionCache }`: revocations reach every
   * process in milliseconds, limits are counted in Redis, and with the strategy `opaque` sessions are read from it. Where it is gone
   * everything goes on by the database. Default none. It needs the package `ioredis`.
   */
  readonly redis?: RedisSetting | null
  /** The shape of pino. Default: warnings and errors to standard error. */
  readonly logger?: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** Default: Argon2id in threads of low priority. */
  readonly passwordHasher?: PasswordHasher
  /**
   * How many threads check passwords. Default: the cores less one. Where several processes serve on one machine, give each its share:
   * more threads than cores make every sign-in slower and none sooner.
   */
  readonly passwordThreads?: number
  /** Who it is that acts through `auth.users`, as events name them. Default `app`. */
  readonly actor?: string
  /**
   * Hears of every event after it was recorded: to alert somebody, to count. What it throws is logged; no request waits for it. At most
   * eight calls are under way at once, and a thousand events wait.
   *
   * @example
   * ```ts
   * import { createAuth } from 'lockjar'
   *
   * export const auth = await createAuth({
   *   baseURL: 'http://localhost:3000',
   *   onEvent({ name, user }) {
   *     if (name === 'session.refresh_reuse') console.warn('a token of this user was stolen', user)
   *   },
   * })
   * ```
   */
  readonly onEvent?: OnEvent
  /** What sends mails. Default: `mail.smtp`, or on plain http the terminal. */
  readonly mailer?: Mailer
  /**
   * Send waiting mails, and remove what has ended, for as long as the process runs. Default true. A script that does one thing beside a
   * server leaves both to it.
   */
  readonly background?: boolean
}

const DEFAULT_DATABASE = 'sqlite:./data/lockjar.db'
const MOST_THREADS = 1024
/** The application's own code, as events name it. */
const APP = 'app'

/**
 * Lockjar for Node, ready to answer. Migrates the database and reads the revocation log first.
 *
 * @throws {TypeError} for an option that cannot work, in one line that says why.
 * @throws {AuthError} `unavailable` where the database cannot be opened.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createAuth } from 'lockjar'
 * import { toNodeListener } from 'lockjar/node'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * const hello = auth.protect((_request, { user }) => Response.json({ hello: user.id }))
 * createServer(toNodeListener(auth, hello)).listen(3000)
 * ```
 */
export async function createAuth(options: AuthOptions & NodeOptions): Promise<Auth> {
  const {
    database = DEFAULT_DATABASE,
    redis = null,
    logger = consoleLogger,
    clock = systemClock,
    random = systemRandom,
    passwordHasher,
    passwordThreads,
    actor = APP,
    onEvent = null,
    mailer,
    background = true,
    ...rest
  } = options ?? {}
  if (passwordThreads !== undefined) requireThreads(passwordThreads)
  return composeAuth(withKeys(withSecret(rest, database)), async (config) => ({
    // First, for these may say that a package is missing, and hold nothing open.
    mailer: mailer ?? (await chooseMailer(config)),
    accelerator: redis === null ? null : await openRedis(redis, redisParts(clock, database)),
    store: typeof database === 'string' ? await openStore(database, clock) : database,
    hasher: passwordHasher ?? createPasswordPool(config.argon2, clock, config.peppers, passwordThreads),
    clock,
    random,
    logger,
    lastResort: consoleLogger,
    actor,
    onEvent,
    background,
  }))
}

function redisParts(clock: Clock, database: string | Store): RedisParts {
  const isFile = typeof database === 'string' && database.startsWith('sqlite:')
  // Redis' clock is one for all processes; a test brings its own.
  return { clock, storeClock: clock === systemClock ? null : clock, sessionCache: !isFile }
}

/** In development mails are printed; an https deployment that names no server sends none. */
async function chooseMailer({
  smtp,
  secure,
  hostname,
  registration,
}: ResolvedConfig): Promise<Mailer | null> {
  if (smtp) return openSmtp(smtp, hostname)
  if (!secure) return consoleMailer
  if (registration !== 'verified') return null
  throw new TypeError(
    'lockjar: option registration: verified needs a mail server; set mail.smtp and mail.from, or give a mailer',
  )
}

/** A driver that is not asked for is not loaded, nor is what it needs. A clock of the caller's judges ages, too. */
async function openStore(database: string, clock: Clock): Promise<Store> {
  const named = parseDatabase(database)
  if (named.kind === 'sqlite') return openSqlite(named.path, clock)
  const { openPostgres } = await import('./drivers/postgres/index.ts')
  return openPostgres(named.url, clock, { time: clock === systemClock ? 'database' : 'clock' })
}

/** `NaN` and 0 would let sign-ins wait for ever. */
function requireThreads(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MOST_THREADS) return
  throw new TypeError(
    `lockjar: option passwordThreads: ${count} is not a whole number from 1 to ${MOST_THREADS}`,
  )
}

/** In development a secret is made once and kept beside the database; an https deployment must bring its own. */
function withSecret(options: AuthOptions, database: string | Store): AuthOptions {
  if (options.secret !== undefined && options.secret.length > 0) return options
  if (/^https:/i.test(options.baseURL)) {
    throw new TypeError(
      'lockjar: option secret: an https baseURL needs one, at least 32 random bytes; make it with: npx lockjar secret',
    )
  }
  // Anything else is no base URL, and its own refusal says so.
  if (!/^http:/i.test(options.baseURL)) return options
  const named = typeof database === 'string' ? parseDatabase(database) : null
  if (named?.kind !== 'sqlite' || named.path === ':memory:') {
    throw new TypeError(
      'lockjar: option secret: needed where the database is not a file beside which one could be kept',
    )
  }
  return { ...options, secret: readOrCreateSecret(`${named.path}.secret`) }
}

/** Key files are read here, at the edge; what is in them is judged behind it. */
function withKeys(options: AuthOptions): AuthOptions {
  const signing = options.accessToken?.signing
  if (signing?.keys === undefined) return options
  const keys = [signing.keys].flat().map((key) => readKeySource(key))
  return { ...options, accessToken: { ...options.accessToken, signing: { ...signing, keys } } }
}
