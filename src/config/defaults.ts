// What holds where nothing is configured?

export const DEFAULTS = {
  basePath: '/auth',
  csrf: 'auto',
  strategy: 'jwt',
  registration: 'open',
  /** Paths below `basePath`. */
  links: {
    verify: { path: '/verify-email', lifetime: '60m' },
    reset: { path: '/reset-password', lifetime: '30m' },
    changeEmail: { path: '/change-email', lifetime: '60m' },
  },
  accessLifetime: '10m',
  signingAlgorithm: 'HS256',
  claims: {
    own: { userId: 'sub', jti: 'jti', roles: 'roles', tokenType: null },
    /** `USER_ID_CLAIM`, `JTI_CLAIM` and `TOKEN_TYPE_CLAIM` of SimpleJWT. */
    simplejwt: { userId: 'user_id', jti: 'jti', roles: 'roles', tokenType: 'token_type' },
  },
  refreshGrace: '10s',
  sessionsPerUser: 100,
  cacheSize: 10_000,
  idleTimeout: '12h',
  absoluteTimeout: '24h',
  rememberedIdleTimeout: '14d',
  rememberedAbsoluteTimeout: '90d',
  sessionDataStore: 'server',
  sessionDataIdleTimeout: '14d',
  cookieNames: {
    access: 'access_token',
    refresh: 'refresh_token',
    session: 'session',
    data: 'sessionid',
    csrf: 'csrftoken',
    hint: 'auth_hint',
    registration: 'registration',
  },
  sameSite: { access: 'Lax', refresh: 'Strict' },
  partitioned: false,
  passwordMinLength: 8,
  passwordMaxLength: 256,
  blocklist: true,
  /** OWASP's minimum for Argon2id with 19 MiB. */
  argon2: { memory: 19_456, passes: 2, parallelism: 1 },
  trustedProxies: 0,
  rateLimits: 'on',
  /**
   * NIST SP 800-63B-4 section 3.2.2: at most 100 failures of one account one after another, with waits that grow from half a minute
   * to an hour, and only where the owner has not been before. An account can be tried under two names, so each has 50.
   */
  budgets: {
    password: {
      pair: [
        { limit: 5, period: '1m', longestWait: '1h' },
        { limit: 30, period: '1d' },
      ],
      account: [
        { limit: 20, period: '15m', longestWait: '1h' },
        { limit: 50, period: '30d' },
      ],
      network: [
        { limit: 60, period: '1m', longestWait: '1h' },
        { limit: 1000, period: '1d' },
      ],
      global: [
        { limit: 1000, period: '1m' },
        { limit: 10_000, period: '1h' },
      ],
    },
    register: {
      network: [
        { limit: 20, period: '10m', longestWait: '1h' },
        { limit: 200, period: '1d' },
      ],
    },
    mail: {
      pair: [
        { limit: 3, period: '10m', longestWait: '1h' },
        { limit: 10, period: '1d' },
      ],
      account: [
        { limit: 10, period: '1h' },
        { limit: 30, period: '1d' },
      ],
      network: [
        { limit: 20, period: '10m', longestWait: '1h' },
        { limit: 100, period: '1d' },
      ],
    },
    /** Waits are shorter than `links.reset.lifetime`: whoever gets no mail has one with a link that is good. Nothing ends for the day. */
    reset: {
      account: [{ limit: 1, period: '10m', longestWait: '20m' }],
    },
    change: {
      account: [
        { limit: 5, period: '1h' },
        { limit: 10, period: '1d' },
      ],
    },
    token: {
      network: [
        { limit: 30, period: '10m', longestWait: '1h' },
        { limit: 300, period: '1d' },
      ],
    },
  },
  auditRetention: '400d',
  mailLanguage: 'en',
  authorizationScheme: 'Bearer',
  authorizationHeader: 'Authorization',
} as const
