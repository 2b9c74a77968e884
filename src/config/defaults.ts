// What holds where nothing is configured?

export const DEFAULTS = {
  basePath: '/auth',
  csrf: 'auto',
  strategy: 'jwt',
  registration: 'open',
  accessLifetime: '10m',
  signingAlgorithm: 'HS256',
  claims: {
    own: { userId: 'sub', jti: 'jti', roles: 'roles', tokenType: null },
    /** `USER_ID_CLAIM`, `JTI_CLAIM` and `TOKEN_TYPE_CLAIM` of SimpleJWT. */
    simplejwt: { userId: 'user_id', jti: 'jti', roles: 'roles', tokenType: 'token_type' },
  },
  refreshGrace: '10s',
  sessionsPerUser: 100,
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
  },
  sameSite: { access: 'Lax', refresh: 'Strict' },
  partitioned: false,
  passwordMinLength: 8,
  passwordMaxLength: 256,
  blocklist: true,
  /** OWASP's minimum for Argon2id with 19 MiB. */
  argon2: { memory: 19_456, passes: 2, parallelism: 1 },
  authorizationScheme: 'Bearer',
  authorizationHeader: 'Authorization',
} as const
