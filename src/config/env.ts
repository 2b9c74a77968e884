// How do environment variables become options? For the demo and the standalone server only.
import { nearest } from './nearest.ts'
import type { AuthOptions } from './options.ts'

/** What a process needs besides the library's options. */
export interface ServerOptions {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** How many processes of `lockjar serve` share the port; `auto`: one for each core; `null`: it is one process itself. */
  readonly workers: number | 'auto' | null
  /** `sqlite:PATH` or `postgres://…`. */
  readonly database: string
  /** `redis://HOST:PORT`; `null`: there is none. */
  readonly redis: string | null
  /** Files in PEM, for serving https without a proxy. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  /** What is logged, and what is worse. */
  readonly logLevel: 'info' | 'warn' | 'error'
}

export type Environment = Readonly<Record<string, string | undefined>>

type Reader = (text: string, name: string) => unknown

const text: Reader = (value) => value
const list: Reader = (value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)
/** Read by `createAuth`, so that a name in the environment is all that is needed. */
const files: Reader = (value, name) => (list(value, name) as readonly string[]).map((path) => `file:${path}`)
const lower: Reader = (value) => value.toLowerCase()
const whole: Reader = (value, name) =>
  /^\d{1,15}$/.test(value) ? Number(value) : fail(`${name}: ${JSON.stringify(value)} is not a whole number`)
const proxies: Reader = (value, name) => (/^\d+$/.test(value) ? whole(value, name) : list(value, name))
const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['off', false],
  ['0', false],
])
const flag: Reader = (value, name) => FLAGS.get(value.toLowerCase()) ?? fail(`${name}: write on or off`)
const sameSite: Reader = (value) => value.charAt(0).toUpperCase() + value.slice(1).toLowerCase()

/** Variable -> path of the option it sets, and how it is read. */
const VARIABLES: Readonly<Record<string, readonly [path: string, read: Reader]>> = {
  LOCKJAR_BASE_URL: ['baseURL', text],
  LOCKJAR_BASE_PATH: ['basePath', text],
  LOCKJAR_SECRET: ['secret', list],
  LOCKJAR_TRUSTED_ORIGINS: ['trustedOrigins', list],
  LOCKJAR_CSRF: ['csrf', lower],
  LOCKJAR_STRATEGY: ['strategy', lower],
  LOCKJAR_REGISTRATION: ['registration', lower],
  LOCKJAR_LINK_VERIFY_PATH: ['links.verify.path', text],
  LOCKJAR_LINK_VERIFY_LIFETIME: ['links.verify.lifetime', text],
  LOCKJAR_LINK_RESET_PATH: ['links.reset.path', text],
  LOCKJAR_LINK_RESET_LIFETIME: ['links.reset.lifetime', text],
  LOCKJAR_LINK_CHANGE_EMAIL_PATH: ['links.changeEmail.path', text],
  LOCKJAR_LINK_CHANGE_EMAIL_LIFETIME: ['links.changeEmail.lifetime', text],
  LOCKJAR_ACCESS_LIFETIME: ['accessToken.lifetime', text],
  LOCKJAR_ACCESS_ISSUER: ['accessToken.issuer', text],
  LOCKJAR_ACCESS_AUDIENCE: ['accessToken.audience', text],
  LOCKJAR_ACCESS_LEEWAY: ['accessToken.leeway', text],
  LOCKJAR_SIGNING_ALG: ['accessToken.signing.algorithm', text],
  LOCKJAR_SIGNING_KEY: ['accessToken.signing.keys', files],
  LOCKJAR_ACCESS_PRESET: ['accessToken.preset', lower],
  LOCKJAR_DJANGO_SECRET_KEY: ['accessToken.djangoSecretKey', text],
  LOCKJAR_CLAIM_USER_ID: ['accessToken.claims.userId', text],
  LOCKJAR_CLAIM_JTI: ['accessToken.claims.jti', text],
  LOCKJAR_CLAIM_TOKEN_TYPE: ['accessToken.claims.tokenType', text],
  LOCKJAR_CLAIM_ROLES: ['accessToken.claims.roles', text],
  LOCKJAR_REFRESH_GRACE: ['refreshToken.grace', text],
  LOCKJAR_IDLE_TIMEOUT: ['session.idleTimeout', text],
  LOCKJAR_ABSOLUTE_TIMEOUT: ['session.absoluteTimeout', text],
  LOCKJAR_SESSIONS_PER_USER: ['session.mostPerUser', whole],
  LOCKJAR_SESSION_CACHE_SIZE: ['session.cacheSize', whole],
  LOCKJAR_IDLE_TIMEOUT_REMEMBERED: ['session.remembered.idleTimeout', text],
  LOCKJAR_ABSOLUTE_TIMEOUT_REMEMBERED: ['session.remembered.absoluteTimeout', text],
  LOCKJAR_SESSION_DATA_STORE: ['sessionData.store', lower],
  LOCKJAR_SESSION_DATA_IDLE_TIMEOUT: ['sessionData.idleTimeout', text],
  LOCKJAR_COOKIE_ACCESS_NAME: ['cookies.names.access', text],
  LOCKJAR_COOKIE_REFRESH_NAME: ['cookies.names.refresh', text],
  LOCKJAR_COOKIE_SESSION_NAME: ['cookies.names.session', text],
  LOCKJAR_COOKIE_DATA_NAME: ['cookies.names.data', text],
  LOCKJAR_COOKIE_CSRF_NAME: ['cookies.names.csrf', text],
  LOCKJAR_COOKIE_HINT_NAME: ['cookies.names.hint', text],
  LOCKJAR_COOKIE_REGISTRATION_NAME: ['cookies.names.registration', text],
  LOCKJAR_COOKIE_DOMAIN: ['cookies.domain', text],
  LOCKJAR_COOKIE_SAMESITE: ['cookies.sameSite.access', sameSite],
  LOCKJAR_COOKIE_REFRESH_SAMESITE: ['cookies.sameSite.refresh', sameSite],
  LOCKJAR_COOKIE_PARTITIONED: ['cookies.partitioned', flag],
  LOCKJAR_COOKIE_PREFIXES: ['cookies.prefixes', flag],
  LOCKJAR_COOKIE_REFRESH_PATH: ['cookies.refreshPath', text],
  LOCKJAR_PASSWORD_MIN_LENGTH: ['password.minLength', whole],
  LOCKJAR_PASSWORD_MAX_LENGTH: ['password.maxLength', whole],
  LOCKJAR_PASSWORD_PEPPER: ['password.pepper', list],
  LOCKJAR_PASSWORD_BLOCKLIST: ['password.blocklist', flag],
  LOCKJAR_ARGON2_MEMORY: ['argon2.memory', whole],
  LOCKJAR_ARGON2_PASSES: ['argon2.passes', whole],
  LOCKJAR_ARGON2_PARALLELISM: ['argon2.parallelism', whole],
  LOCKJAR_TRUSTED_PROXIES: ['trustedProxies', proxies],
  LOCKJAR_RATE_LIMITS: ['rateLimits', lower],
  LOCKJAR_SMTP_URL: ['mail.smtp', text],
  LOCKJAR_MAIL_FROM: ['mail.from', text],
  LOCKJAR_APP_NAME: ['mail.appName', text],
  LOCKJAR_AUTHORIZATION_SCHEME: ['authorizationScheme', text],
  LOCKJAR_AUTHORIZATION_HEADER: ['authorizationHeader', text],
  LOCKJAR_AUDIT_RETENTION: ['audit.retention', lower],
  LOCKJAR_AUDIT_SECRET: ['audit.secret', list],
}

const SERVER_VARIABLES = [
  'LOCKJAR_DATABASE_URL',
  'LOCKJAR_REDIS_URL',
  'LOCKJAR_LOG_LEVEL',
  'LOCKJAR_TLS_CERT',
  'LOCKJAR_TLS_KEY',
  'LOCKJAR_WORKERS',
]
const MOST_WORKERS = 256

/** Of the repository's own tests; a shell that has them set may start a server too. */
const TEST_VARIABLES = [
  'LOCKJAR_CHROMIUM',
  'LOCKJAR_PGBOUNCER',
  'LOCKJAR_POSTGRES_BIN',
  'LOCKJAR_REDIS_SERVER',
  'LOCKJAR_VECTORS',
]

/** Every `LOCKJAR_*` variable that is understood, for the reference page and its test. */
export const ENVIRONMENT_VARIABLES: readonly string[] = [...Object.keys(VARIABLES), ...SERVER_VARIABLES]

function fail(message: string): never {
  throw new TypeError(`lockjar: ${message}`)
}

/**
 * An empty variable counts as not set.
 *
 * @throws {TypeError} for an unknown `LOCKJAR_*` variable or a value that cannot be read; one line, for a person.
 */
export function readEnvironment(env: Environment): {
  readonly options: AuthOptions
  readonly server: ServerOptions
} {
  for (const name of Object.keys(env)) {
    if (!name.startsWith('LOCKJAR_')) continue
    if (ENVIRONMENT_VARIABLES.includes(name) || TEST_VARIABLES.includes(name)) continue
    const near = nearest(name, ENVIRONMENT_VARIABLES)
    fail(`unknown variable ${name}${near ? `; did you mean ${near}?` : ''}`)
  }
  const port = readPort(env.PORT)
  if (port === 0 && !env.LOCKJAR_BASE_URL?.trim())
    fail('PORT: 0, any that is free, needs LOCKJAR_BASE_URL: an origin cannot follow from it')
  const tls = readTls(env.LOCKJAR_TLS_CERT?.trim(), env.LOCKJAR_TLS_KEY?.trim())
  const options: Record<string, unknown> = {
    baseURL: new URL(`${tls ? 'https' : 'http'}://localhost:${port}`).origin,
  }
  for (const [name, [path, read]] of Object.entries(VARIABLES)) {
    const value = env[name]?.trim()
    if (value) assign(options, path.split('.'), read(value, name))
  }
  return {
    options: options as unknown as AuthOptions,
    server: {
      host: env.HOST?.trim() || '127.0.0.1',
      port,
      workers: readWorkers(env.LOCKJAR_WORKERS?.trim().toLowerCase() || null),
      database: env.LOCKJAR_DATABASE_URL?.trim() || 'sqlite:./data/lockjar.db',
      redis: env.LOCKJAR_REDIS_URL?.trim() || null,
      tls,
      logLevel: readLogLevel(env.LOCKJAR_LOG_LEVEL?.trim().toLowerCase() || 'warn'),
    },
  }
}

function readLogLevel(level: string): ServerOptions['logLevel'] {
  if (level === 'info' || level === 'warn' || level === 'error') return level
  return fail(`LOCKJAR_LOG_LEVEL: ${JSON.stringify(level)} is none of info, warn, error`)
}

function readPort(value: string | undefined): number {
  const port = value?.trim() || '3000'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) fail(`PORT: ${JSON.stringify(port)} is not a port`)
  return Number(port)
}

function readWorkers(value: string | null): ServerOptions['workers'] {
  if (value === null || value === 'auto') return value
  const count = /^\d{1,3}$/.test(value) ? Number(value) : 0
  if (count >= 1 && count <= MOST_WORKERS) return count
  return fail(
    `LOCKJAR_WORKERS: ${JSON.stringify(value)} is neither auto nor a whole number from 1 to ${MOST_WORKERS}`,
  )
}

function readTls(cert: string | undefined, key: string | undefined): ServerOptions['tls'] {
  if (!cert && !key) return null
  if (!cert || !key) return fail('LOCKJAR_TLS_CERT and LOCKJAR_TLS_KEY are needed together')
  return { cert, key }
}

function assign(target: Record<string, unknown>, [head, ...rest]: readonly string[], value: unknown): void {
  if (head === undefined) return
  if (rest.length === 0) {
    target[head] = value
    return
  }
  const inner = (target[head] ?? {}) as Record<string, unknown>
  target[head] = inner
  assign(inner, rest, value)
}
