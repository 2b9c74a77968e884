// How is everything put together? Options become configuration, configuration becomes actions, actions a handler.
import type { Runtime } from './actions/runtime.ts'
import { endSession, revokeEveryone } from './actions/sessions.ts'
import type { Audit } from './audit.ts'
import { createAudit } from './audit.ts'
import type { Config, PublicConfig } from './config/config.ts'
import type { AuthOptions } from './config/options.ts'
import { openPublicSuffixes } from './config/public-suffix.ts'
import { resolveConfig } from './config/resolve.ts'
import { openSigningKeys } from './config/signing-keys.ts'
import type { RecordEvent } from './core/audit/event.ts'
import { deriveAuditKeys } from './core/audit/keys.ts'
import { createCookiePolicy } from './core/cookie/policy.ts'
import { createKeyRing } from './core/keys/ring.ts'
import type { AuthError } from './errors.ts'
import type { Admit } from './http/admit.ts'
import { createAdmit } from './http/admit.ts'
import { claimsOf } from './http/authenticate-request.ts'
import type { RequestLike } from './http/facts.ts'
import type { Handler } from './http/handler.ts'
import { createHandler } from './http/handler.ts'
import { isBelow } from './http/own-path.ts'
import type { Authenticate, OpenVisit, Protect, SignedIn } from './http/protect.ts'
import { createAuthenticate, createOpenVisit, createProtect } from './http/protect.ts'
import type { RequireRecentAuth } from './http/recent-auth.ts'
import { createRequireRecentAuth } from './http/recent-auth.ts'
import { answerRefusalTo } from './http/refusal.ts'
import type { Renew } from './http/renew.ts'
import { createRenew } from './http/renew.ts'
import { withCors } from './http/response.ts'
import type { RequireRole, RequireUser } from './http/role.ts'
import { requireRole, requireUser } from './http/role.ts'
import type { Accelerated, Accelerator } from './ports/accelerator.ts'
import type { Clock } from './ports/clock.ts'
import type { Logger } from './ports/logger.ts'
import type { Mailer } from './ports/mailer.ts'
import type { PasswordHasher } from './ports/password-hasher.ts'
import type { Random } from './ports/random.ts'
import type { Store } from './ports/store.ts'
import { createConfirmations } from './state/confirmations.ts'
import type { Connection } from './state/connections.ts'
import { createConnections } from './state/connections.ts'
import { createEvents } from './state/events.ts'
import type { OnEvent } from './state/hook.ts'
import { createHook } from './state/hook.ts'
import { createKnownSessions } from './state/known-sessions.ts'
import { createMailQueue } from './state/mail-queue.ts'
import type { MailSender } from './state/mail-sender.ts'
import { startMailSender } from './state/mail-sender.ts'
import { startMaintenance } from './state/maintenance.ts'
import { createRevocations } from './state/revocations.ts'
import { createSafeLogger } from './state/safe-logger.ts'
import { createSharedSessions } from './state/shared-sessions.ts'
import { createVerifiedTokens } from './state/verified-tokens.ts'
import type { Users } from './users.ts'
import { createUsers } from './users.ts'

export type { Connection } from './state/connections.ts'
export type { OnEvent } from './state/hook.ts'

/** What the world provides. */
export interface AuthParts {
  readonly store: Store
  /** `null`: the store stands alone. */
  readonly accelerator?: Accelerator | null
  readonly hasher: PasswordHasher
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** For lines that `logger` throws at. */
  readonly lastResort: Logger
  /** Who acts through `users`, as events name them. */
  readonly actor: string
  /** Hears of every event; `null`: nobody does. */
  readonly onEvent: OnEvent | null
  /** `null`: no mail can be sent from here. */
  readonly mailer: Mailer | null
  /** Whether this process sends waiting mails and removes what has ended. */
  readonly background: boolean
}

/**
 * Acts on sessions, for the application's own code; `users` has those of one user. Each reaches every process.
 *
 * @example
 * ```ts
 * import { createAuth } from 'lockjar'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * export const afterTheBackupWasRestored = () => auth.sessions.revokeEveryone()
 * ```
 */
export interface Sessions {
  /** @throws {AuthError} `not_found`, the same for a session that ended. */
  revoke(id: string): Promise<void>
  /**
   * Signs everybody out everywhere, and lets no token issued before be accepted by any process, even where the database has
   * forgotten its session: for after a restore from a backup, or a leaked secret. Answers how many sessions were live; `told`
   * hears of them as it goes on.
   */
  revokeEveryone(told?: (ended: number) => void): Promise<number>
}

/**
 * WebSockets, streams of events, anything that is open for long.
 *
 * @example
 * ```ts
 * import { createAuth } from 'lockjar'
 *
 * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
 * export const news = auth.protect((_request, who) => {
 *   let release = (): void => {}
 *   const stream = new ReadableStream({
 *     start(controller) {
 *       release = auth.connections.add(who, { close: () => controller.close() })
 *     },
 *     cancel: () => release(),
 *   })
 *   return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
 * })
 * ```
 */
export interface OpenConnections {
  /**
   * Closes `connection` once the session of `who` has ended, anywhere: with code 4401, and the error code as the reason. One whose
   * session has ended already is closed before this returns; so is, with 1013, one past 100 of its session or 100,000 in all.
   * Answers how to let go of a connection that has closed by itself.
   *
   * @throws {TypeError} for a `who` that was put together by hand.
   */
  add(who: SignedIn, connection: Connection): () => void
  /**
   * Closes all with code 1001, and from then on whatever is added; `auth.close()` does so too. For a server that is about to stop: it
   * would wait for them as it waits for requests, and in vain.
   */
  close(): void
}

/** An authentication server in your process. Two in one process do not know of each other. */
export interface Auth {
  /** Answers every request below `basePath`. */
  readonly handler: Handler
  /** Says who sent a request; with no I/O, as a rule. For unsafe methods it also checks where the request came from. */
  readonly authenticate: Authenticate
  /** Wraps an application's handler: only signed-in users reach it, CORS and CSRF are dealt with. */
  readonly protect: Protect
  /** Who sent a request, and what may be done for their browser, for servers without `protect`. */
  readonly visit: OpenVisit
  /**
   * The same as `protect` with `recentAuth`, for routes that go without it.
   *
   * @throws {AuthError} `step_up_required` where the password was proved longer ago than `maxAge`.
   *
   * @example
   * ```ts
   * import { createAuth } from 'lockjar'
   *
   * const auth = await createAuth({ baseURL: 'http://localhost:3000' })
   * export const pay = auth.protect((_request, who) => {
   *   auth.requireRecentAuth(who, '15m')
   *   return new Response('paid')
   * })
   * ```
   */
  readonly requireRecentAuth: RequireRecentAuth
  /**
   * The same as `protect` with `roles`: the user must have one of them.
   *
   * @throws {AuthError} `forbidden`.
   */
  readonly requireRole: RequireRole
  /**
   * The signed-in user of a route that is open to anybody.
   *
   * @throws {AuthError} why there is none, such as `unauthenticated`.
   */
  readonly requireUser: RequireUser
  /** What `protect` and every adapter are made of: may a request go on, as whom, and what must its answer carry? */
  readonly admit: Admit
  /**
   * For a server that renders pages: renews the session of a browser whose access token has ended, as the page's script would, before
   * there is a page. The browser sends what renews only where `cookies.refreshPath` is `/`.
   */
  readonly renew: Renew
  /** Connections that outlive the request that opened them, and close when its session ends. */
  readonly connections: OpenConnections
  /** A refusal as `application/problem+json`, with the CORS headers that the request's origin may have. */
  respond(refusal: AuthError, request: Pick<RequestLike, 'headers'>): Response
  /** Whether `handler` answers this path, as it was sent; a query may follow it, or a whole URL contain it. */
  owns(target: string): boolean
  /** What the application itself may do with accounts. Whoever calls it decides who may. */
  readonly users: Users
  /** What it may do with sessions, whoever's they are. */
  readonly sessions: Sessions
  /** What has happened. */
  readonly audit: Audit
  /**
   * For a probe of readiness: resolves where the database answers and this process knows what has been revoked.
   *
   * @throws {AuthError} `unavailable`, within about a second.
   */
  ready(): Promise<void>
  /** As resolved and frozen, without secrets and keys. */
  readonly config: PublicConfig
  /** Writes what is pending and frees threads, timers and the database. */
  close(): Promise<void>
}

/**
 * What a process remembers and works with. Resolves when it has read the revocation log. Apart from `composeAuth` so that the
 * proof of the races can begin a process without its doors.
 */
export async function createRuntime(
  config: Config,
  { ring, signing }: Pick<Runtime, 'ring' | 'signing'>,
  {
    store,
    sessionCache = null,
    hasher,
    clock,
    random,
    logger,
    mailer,
  }: Omit<AuthParts, 'accelerator' | 'actor' | 'onEvent' | 'background' | 'lastResort'> &
    Partial<Accelerated>,
  record: RecordEvent,
): Promise<Runtime> {
  const revocations = await createRevocations({ log: store.revocations, clock, logger })
  const opaque = config.strategy === 'opaque'
  const confirmations = createConfirmations({
    sessions: store.sessions,
    idleTimeout: opaque
      ? {
          plain: config.timeouts.plain.idleTimeout,
          remembered: config.timeouts.remembered.idleTimeout,
        }
      : null,
    clock,
    logger,
  })
  const tokens = createVerifiedTokens({
    policy: config.accessToken,
    keys: signing,
    capacity: config.cacheSize,
    onFirstSight({ sid, gen, foreign }) {
      if (!foreign) confirmations.note(sid, gen)
    },
  })
  const knownSessions = createKnownSessions({
    ring,
    sessions: store.sessions,
    users: store.users,
    clock,
    confirmations,
    shared: sessionCache && createSharedSessions({ cache: sessionCache, ring }),
    capacity: config.cacheSize,
    trust: config.accessToken.lifetime,
    grace: config.refreshGrace,
  })
  const mail = createMailQueue({
    outbox: store.outbox,
    isOpen: mailer !== null,
    origin: config.origin,
    ring,
    clock,
    random,
    record,
  })
  return {
    config,
    ring,
    signing,
    store,
    hasher,
    clock,
    random,
    logger,
    record,
    mail,
    tokens,
    knownSessions,
    revocations,
    confirmations,
  }
}

/** The composition root. `createAuth` is this with Node's parts. */
export async function composeAuth(
  options: AuthOptions,
  parts: (config: Config) => Promise<AuthParts>,
): Promise<Auth> {
  const config = resolveConfig(options, await openPublicSuffixes(options))
  const [first, ...rest] = config.secrets
  if (!first) throw new TypeError('lockjar: option secret: none was given')
  const ring = await createKeyRing([first, ...rest])
  const signing = await openSigningKeys(config.signing, [first, ...rest])
  const policy = createCookiePolicy(config.cookies)
  const given = await parts(config)
  const logger = createSafeLogger(given.logger, given.lastResort)
  const accelerated = await given.accelerator?.attach(given.store, logger)
  const world = { ...given, ...accelerated, logger }
  const { store, hasher, clock, mailer, onEvent } = world
  const auditKeys = await deriveAuditKeys([config.auditSecrets[0] ?? first, ...config.auditSecrets.slice(1)])
  const hook = onEvent && createHook({ onEvent, clock, logger })
  const events = createEvents({
    audit: store.audit,
    key: auditKeys.current,
    hook,
    clock,
    logger,
  })
  const by = { actor: world.actor }
  const runtime = await createRuntime(config, { ring, signing }, world, events.record).catch(
    async (error) => {
      // Connections that nobody closes would keep the process alive.
      await store.close().catch(() => {})
      throw error
    },
  )
  const { revocations, confirmations } = runtime
  const connections = createConnections({
    revocations,
    sessions: store.sessions,
    clock,
    logger,
    interval: config.accessToken.lifetime,
  })
  const maintenance = {
    store,
    clock,
    logger,
    audit:
      config.audit.retention === null ? null : { retention: config.audit.retention, keys: auditKeys.all },
  }
  const stopMaintenance = world.background ? startMaintenance(maintenance) : () => {}
  const sender = world.background && mailer ? startSender(runtime, mailer) : mailer

  const handler = createHandler(runtime, policy)

  return {
    handler,
    authenticate: createAuthenticate(runtime, policy),
    protect: createProtect(runtime, policy),
    visit: createOpenVisit(runtime, policy),
    requireRecentAuth: createRequireRecentAuth(runtime),
    requireRole,
    requireUser,
    admit: createAdmit(runtime, policy),
    renew: createRenew(runtime, policy, handler),
    connections: {
      add: (who, connection) => connections.add(claimsOf(who), connection),
      close: connections.close,
    },
    respond: (refusal, request) =>
      withCors(answerRefusalTo(request, refusal, config, policy), request.headers.get('origin'), config),
    owns: (target) => isBelow(config.basePath, target),
    users: createUsers(runtime, by),
    sessions: {
      revoke: (id) => endSession(runtime, id, by),
      revokeEveryone: (told = () => {}) => revokeEveryone(runtime, by, told),
    },
    audit: createAudit(store.audit, auditKeys),
    async ready() {
      await revocations.ready()
      await store.sessions.findAll([])
    },
    config: withoutSecrets(config),
    async close() {
      stopMaintenance()
      connections.close()
      revocations.close()
      try {
        await sender?.close?.()
        await confirmations.close()
      } finally {
        await events.close()
        await hasher.close()
        await store.close()
      }
      await hook?.close()
    },
  }
}

function startSender(
  { config, store, ring, clock, logger, record, mail }: Runtime,
  mailer: Mailer,
): MailSender {
  const { origin, hostname } = config
  const setting = { ...config.mail, origin, host: hostname }
  const sender = startMailSender({ outbox: store.outbox, mailer, setting, ring, clock, logger, record })
  mail.onQueued(sender.kick)
  return sender
}

function withoutSecrets({ secrets, auditSecrets, peppers, signing, smtp, ...config }: Config): PublicConfig {
  return Object.freeze(config)
}
