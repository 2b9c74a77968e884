// Does each environment variable land on its option, and does a wrong one stop the start with one clear line?
import { describe, expect, it } from 'vitest'
import { ENVIRONMENT_VARIABLES, readEnvironment } from '../../src/config/env.ts'
import { resolveConfig } from '../../src/config/resolve.ts'

/** The option at a dotted path. */
function optionAt(path: string, env: Readonly<Record<string, string>>): unknown {
  const { options, server } = readEnvironment(env)
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], {
      ...options,
      server,
    })
}

type Row = [variable: string, text: string, path: string, value: unknown]

const ROWS: readonly Row[] = [
  ['LOCKJAR_BASE_URL', 'https://app.example.com', 'baseURL', 'https://app.example.com'],
  ['LOCKJAR_BASE_PATH', '/api/auth', 'basePath', '/api/auth'],
  ['LOCKJAR_SECRET', 'one, two,', 'secret', ['one', 'two']],
  [
    'LOCKJAR_TRUSTED_ORIGINS',
    'https://a.example, https://b.example',
    'trustedOrigins',
    ['https://a.example', 'https://b.example'],
  ],
  ['LOCKJAR_CSRF', 'TOKEN', 'csrf', 'token'],
  ['LOCKJAR_STRATEGY', 'Opaque', 'strategy', 'opaque'],
  ['LOCKJAR_REGISTRATION', 'Closed', 'registration', 'closed'],
  ['LOCKJAR_LINK_VERIFY_PATH', '/welcome', 'links.verify.path', '/welcome'],
  ['LOCKJAR_LINK_VERIFY_LIFETIME', '20m', 'links.verify.lifetime', '20m'],
  ['LOCKJAR_LINK_RESET_PATH', '/reset', 'links.reset.path', '/reset'],
  ['LOCKJAR_LINK_RESET_LIFETIME', '20m', 'links.reset.lifetime', '20m'],
  ['LOCKJAR_LINK_CHANGE_EMAIL_PATH', '/move', 'links.changeEmail.path', '/move'],
  ['LOCKJAR_LINK_CHANGE_EMAIL_LIFETIME', '20m', 'links.changeEmail.lifetime', '20m'],
  ['LOCKJAR_ACCESS_LIFETIME', '5m', 'accessToken.lifetime', '5m'],
  ['LOCKJAR_ACCESS_ISSUER', 'me', 'accessToken.issuer', 'me'],
  ['LOCKJAR_ACCESS_AUDIENCE', 'you', 'accessToken.audience', 'you'],
  ['LOCKJAR_ACCESS_LEEWAY', '5s', 'accessToken.leeway', '5s'],
  ['LOCKJAR_SIGNING_ALG', 'ES256', 'accessToken.signing.algorithm', 'ES256'],
  [
    'LOCKJAR_SIGNING_KEY',
    '/etc/new.pem, old.pem',
    'accessToken.signing.keys',
    ['file:/etc/new.pem', 'file:old.pem'],
  ],
  ['LOCKJAR_ACCESS_PRESET', 'SimpleJWT', 'accessToken.preset', 'simplejwt'],
  ['LOCKJAR_DJANGO_SECRET_KEY', 'a,b#c', 'accessToken.djangoSecretKey', 'a,b#c'],
  ['LOCKJAR_CLAIM_USER_ID', 'uid', 'accessToken.claims.userId', 'uid'],
  ['LOCKJAR_CLAIM_JTI', 'id', 'accessToken.claims.jti', 'id'],
  ['LOCKJAR_CLAIM_TOKEN_TYPE', 'typ', 'accessToken.claims.tokenType', 'typ'],
  ['LOCKJAR_CLAIM_ROLES', 'groups', 'accessToken.claims.roles', 'groups'],
  ['LOCKJAR_REFRESH_GRACE', '20s', 'refreshToken.grace', '20s'],
  ['LOCKJAR_IDLE_TIMEOUT', '1h', 'session.idleTimeout', '1h'],
  ['LOCKJAR_ABSOLUTE_TIMEOUT', '8h', 'session.absoluteTimeout', '8h'],
  ['LOCKJAR_SESSIONS_PER_USER', '5', 'session.mostPerUser', 5],
  ['LOCKJAR_SESSION_CACHE_SIZE', '50000', 'session.cacheSize', 50_000],
  ['LOCKJAR_IDLE_TIMEOUT_REMEMBERED', '7d', 'session.remembered.idleTimeout', '7d'],
  ['LOCKJAR_ABSOLUTE_TIMEOUT_REMEMBERED', '30d', 'session.remembered.absoluteTimeout', '30d'],
  ['LOCKJAR_SESSION_DATA_STORE', 'SEALED', 'sessionData.store', 'sealed'],
  ['LOCKJAR_SESSION_DATA_IDLE_TIMEOUT', '7d', 'sessionData.idleTimeout', '7d'],
  ['LOCKJAR_COOKIE_ACCESS_NAME', 'a', 'cookies.names.access', 'a'],
  ['LOCKJAR_COOKIE_REFRESH_NAME', 'r', 'cookies.names.refresh', 'r'],
  ['LOCKJAR_COOKIE_SESSION_NAME', 's', 'cookies.names.session', 's'],
  ['LOCKJAR_COOKIE_DATA_NAME', 'd', 'cookies.names.data', 'd'],
  ['LOCKJAR_COOKIE_CSRF_NAME', 'c', 'cookies.names.csrf', 'c'],
  ['LOCKJAR_COOKIE_HINT_NAME', 'h', 'cookies.names.hint', 'h'],
  ['LOCKJAR_COOKIE_REGISTRATION_NAME', 'reg', 'cookies.names.registration', 'reg'],
  ['LOCKJAR_COOKIE_DOMAIN', 'example.com', 'cookies.domain', 'example.com'],
  ['LOCKJAR_COOKIE_SAMESITE', 'strict', 'cookies.sameSite.access', 'Strict'],
  ['LOCKJAR_COOKIE_REFRESH_SAMESITE', 'LAX', 'cookies.sameSite.refresh', 'Lax'],
  ['LOCKJAR_COOKIE_PARTITIONED', 'on', 'cookies.partitioned', true],
  ['LOCKJAR_COOKIE_PREFIXES', 'False', 'cookies.prefixes', false],
  ['LOCKJAR_COOKIE_REFRESH_PATH', '/', 'cookies.refreshPath', '/'],
  ['LOCKJAR_PASSWORD_MIN_LENGTH', '15', 'password.minLength', 15],
  ['LOCKJAR_PASSWORD_MAX_LENGTH', '128', 'password.maxLength', 128],
  ['LOCKJAR_PASSWORD_PEPPER', 'a,b', 'password.pepper', ['a', 'b']],
  ['LOCKJAR_PASSWORD_BLOCKLIST', '0', 'password.blocklist', false],
  ['LOCKJAR_ARGON2_MEMORY', '65536', 'argon2.memory', 65_536],
  ['LOCKJAR_ARGON2_PASSES', '3', 'argon2.passes', 3],
  ['LOCKJAR_ARGON2_PARALLELISM', '2', 'argon2.parallelism', 2],
  ['LOCKJAR_SMTP_URL', 'smtp://mail.example.com', 'mail.smtp', 'smtp://mail.example.com'],
  ['LOCKJAR_MAIL_FROM', 'Example <no-reply@example.com>', 'mail.from', 'Example <no-reply@example.com>'],
  ['LOCKJAR_APP_NAME', 'Example', 'mail.appName', 'Example'],
  ['LOCKJAR_AUTHORIZATION_SCHEME', 'Token', 'authorizationScheme', 'Token'],
  ['LOCKJAR_TRUSTED_PROXIES', ' 2 ', 'trustedProxies', 2],
  ['LOCKJAR_TRUSTED_PROXIES', '10.0.0.0/8, 192.0.2.1', 'trustedProxies', ['10.0.0.0/8', '192.0.2.1']],
  ['LOCKJAR_RATE_LIMITS', 'OFF', 'rateLimits', 'off'],
  ['LOCKJAR_AUTHORIZATION_HEADER', 'X-Access-Token', 'authorizationHeader', 'X-Access-Token'],
  ['LOCKJAR_AUDIT_RETENTION', 'Forever', 'audit.retention', 'forever'],
  ['LOCKJAR_AUDIT_SECRET', 'new, old', 'audit.secret', ['new', 'old']],
  ['LOCKJAR_DATABASE_URL', 'sqlite:/var/lib/x.db', 'server.database', 'sqlite:/var/lib/x.db'],
  ['LOCKJAR_REDIS_URL', 'redis://10.0.0.7:6379', 'server.redis', 'redis://10.0.0.7:6379'],
  ['LOCKJAR_LOG_LEVEL', 'INFO', 'server.logLevel', 'info'],
  ['HOST', '0.0.0.0', 'server.host', '0.0.0.0'],
  ['PORT', '8080', 'server.port', 8080],
  ['LOCKJAR_WORKERS', '4', 'server.workers', 4],
  ['LOCKJAR_WORKERS', 'AUTO', 'server.workers', 'auto'],
]

describe('an environment variable', () => {
  it.each(ROWS)('%s=%s sets %s', (variable, text, path, value) => {
    expect(optionAt(path, { [variable]: text })).toEqual(value)
    expect(optionAt(path, { [variable]: `  ${text} ` })).toEqual(value)
  })

  it('is in the table above, whichever is understood', () => {
    const tabled = ROWS.map(([variable]) => variable).filter((name) => name.startsWith('LOCKJAR_'))
    expect(new Set([...tabled, 'LOCKJAR_TLS_CERT', 'LOCKJAR_TLS_KEY'])).toEqual(
      new Set(ENVIRONMENT_VARIABLES),
    )
  })

  it.each(ROWS)('%s counts as not set when it is empty', (variable) => {
    const unset = readEnvironment({})
    expect(readEnvironment({ [variable]: '' })).toEqual(unset)
    expect(readEnvironment({ [variable]: '  ' })).toEqual(unset)
    expect(readEnvironment({ [variable]: undefined })).toEqual(unset)
  })

  it('that belongs to others is left alone', () => {
    expect(readEnvironment({ PATH: '/bin', NODE_ENV: 'production', LOCKJAR: 'x' })).toEqual(
      readEnvironment({}),
    )
  })

  it.each<[env: Record<string, string>, message: RegExp]>([
    [{ LOCKJAR_SECRETS: 'x' }, /unknown variable LOCKJAR_SECRETS; did you mean LOCKJAR_SECRET\?/],
    [{ LOCKJAR_TRUSTED_ORIGIN: 'x' }, /did you mean LOCKJAR_TRUSTED_ORIGINS\?/],
    [{ LOCKJAR_: '' }, /unknown variable LOCKJAR_/],
    [{ LOCKJAR_XYZZYXYZZY: '1' }, /^lockjar: unknown variable LOCKJAR_XYZZYXYZZY$/],
    [{ PORT: 'http' }, /PORT: "http" is not a port/],
    [{ PORT: '-1' }, /is not a port/],
    [{ PORT: '65536' }, /is not a port/],
    [{ PORT: '80.5' }, /is not a port/],
    [{ PORT: '0' }, /PORT: 0, any that is free, needs LOCKJAR_BASE_URL/],
    [{ LOCKJAR_WORKERS: '0' }, /LOCKJAR_WORKERS: "0" is neither auto nor a whole number from 1 to 256/],
    [{ LOCKJAR_WORKERS: '257' }, /LOCKJAR_WORKERS: "257" is neither/],
    [{ LOCKJAR_WORKERS: 'all' }, /LOCKJAR_WORKERS: "all" is neither/],
    [{ LOCKJAR_LOG_LEVEL: 'loud' }, /LOCKJAR_LOG_LEVEL: "loud" is none of info, warn, error/],
    [{ LOCKJAR_TLS_CERT: 'cert.pem' }, /needed together/],
    [{ LOCKJAR_TLS_KEY: 'key.pem' }, /needed together/],
    [{ LOCKJAR_PASSWORD_MIN_LENGTH: 'eight' }, /LOCKJAR_PASSWORD_MIN_LENGTH: "eight" is not a whole number/],
    [{ LOCKJAR_ARGON2_MEMORY: '1e5' }, /is not a whole number/],
    [{ LOCKJAR_ARGON2_PASSES: '-2' }, /is not a whole number/],
    [{ LOCKJAR_COOKIE_PARTITIONED: 'maybe' }, /LOCKJAR_COOKIE_PARTITIONED: write on or off/],
    [{ LOCKJAR_PASSWORD_BLOCKLIST: 'constructor' }, /LOCKJAR_PASSWORD_BLOCKLIST: write on or off/],
  ])('as in %j stops the start', (env, message) => {
    expect(() => readEnvironment(env)).toThrow(TypeError)
    expect(() => readEnvironment(env)).toThrow(message)
    expect(() => readEnvironment(env)).toThrow(/^lockjar: [^\n]+$/)
  })
})

describe('an environment without variables', () => {
  it('is a server on this machine, beside a file', () => {
    expect(readEnvironment({})).toEqual({
      options: { baseURL: 'http://localhost:3000' },
      server: {
        host: '127.0.0.1',
        port: 3000,
        redis: null,
        workers: null,
        database: 'sqlite:./data/lockjar.db',
        tls: null,
        logLevel: 'warn',
      },
    })
  })

  it('has the base URL of its port, with https where it has a certificate', () => {
    expect(readEnvironment({ PORT: '8080' }).options.baseURL).toBe('http://localhost:8080')
    const tls = readEnvironment({ LOCKJAR_TLS_CERT: 'c', LOCKJAR_TLS_KEY: 'k' })
    expect(tls.options.baseURL).toBe('https://localhost:3000')
    expect(tls.server.tls).toEqual({ cert: 'c', key: 'k' })
  })

  it.each<[env: Record<string, string>, origin: string]>([
    [{}, 'http://localhost:3000'],
    [{ PORT: '03000' }, 'http://localhost:3000'],
    [{ PORT: '80' }, 'http://localhost'],
    [{ PORT: '443', LOCKJAR_TLS_CERT: 'c', LOCKJAR_TLS_KEY: 'k' }, 'https://localhost'],
  ])('with %j starts at %s', (env, origin) => {
    expect(resolveConfig(readEnvironment(env).options, () => false).origin).toBe(origin)
  })
})
