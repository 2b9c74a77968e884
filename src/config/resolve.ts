// How do options become the one frozen configuration, or a clear error?
import * as v from 'valibot'
import { cookieProblems } from '../core/cookie/policy.ts'
import { LONGEST_MAX_AGE } from '../core/cookie/serialize.ts'
import { decodeBase64url } from '../core/encoding/base64url.ts'
import { isLoopbackHost, parseOrigin } from '../core/origin/origin.ts'
import { accessTokenSchema, resolveAccessToken, resolveSigning } from './access-token.ts'
import { duration, fail, ms, SECOND, within } from './check.ts'
import type { Config, LinkConfig, Links } from './config.ts'
import { DEFAULTS } from './defaults.ts'
import { mailSchema, resolveMail } from './mail.ts'
import { nearest } from './nearest.ts'
import type { AuthOptions } from './options.ts'
import type { IsPublicSuffix } from './public-suffix.ts'
import { budgetsSchema, resolveBudgets } from './rate-limits.ts'
import { resolveTrustedProxies, trustedProxiesSchema } from './trusted-proxies.ts'

const SHORTEST_SECRET = 32
/** Confirming a generation may take a second, and both clocks of a race may be read up to a second apart. */
const SHORTEST_GRACE = 2 * SECOND
const LONGEST_GRACE = 60 * SECOND
const between = (low: number, high: number) =>
  v.pipe(
    v.number(),
    v.integer(),
    v.minValue(low, `must be at least ${low}`),
    v.maxValue(high, `must be at most ${high}`),
  )
const sameSite = v.picklist(['Strict', 'Lax', 'None'], 'must be Strict, Lax or None')
const linkOptions = v.optional(
  v.strictObject({ path: v.optional(v.string()), lifetime: v.optional(duration) }),
)
const timeouts = { idleTimeout: v.optional(duration), absoluteTimeout: v.optional(duration) }

const optionsSchema = v.strictObject({
  baseURL: v.string(),
  basePath: v.optional(v.string()),
  secret: v.optional(v.union([v.string(), v.array(v.string())])),
  trustedOrigins: v.optional(v.array(v.string())),
  csrf: v.optional(v.picklist(['auto', 'token'], 'must be auto or token')),
  strategy: v.optional(v.picklist(['jwt', 'opaque'], 'must be jwt or opaque')),
  registration: v.optional(v.picklist(['open', 'verified', 'closed'], 'must be open, verified or closed')),
  links: v.optional(v.strictObject({ verify: linkOptions, reset: linkOptions, changeEmail: linkOptions })),
  accessToken: v.optional(accessTokenSchema),
  refreshToken: v.optional(v.strictObject({ grace: v.optional(duration) })),
  session: v.optional(
    v.strictObject({
      ...timeouts,
      remembered: v.optional(v.strictObject(timeouts)),
      mostPerUser: v.optional(between(1, 1000)),
      cacheSize: v.optional(between(100, 1_000_000)),
    }),
  ),
  sessionData: v.optional(
    v.strictObject({
      store: v.optional(v.picklist(['server', 'sealed'], 'must be server or sealed')),
      idleTimeout: v.optional(duration),
    }),
  ),
  cookies: v.optional(
    v.strictObject({
      names: v.optional(
        v.strictObject({
          access: v.optional(v.string()),
          refresh: v.optional(v.string()),
          session: v.optional(v.string()),
          data: v.optional(v.string()),
          csrf: v.optional(v.string()),
          hint: v.optional(v.string()),
          registration: v.optional(v.string()),
        }),
      ),
      domain: v.optional(v.string()),
      sameSite: v.optional(v.strictObject({ access: v.optional(sameSite), refresh: v.optional(sameSite) })),
      partitioned: v.optional(v.boolean()),
      prefixes: v.optional(v.boolean()),
      refreshPath: v.optional(v.string()),
    }),
  ),
  password: v.optional(
    v.strictObject({
      minLength: v.optional(between(8, 64)),
      maxLength: v.optional(between(64, 4096)),
      pepper: v.optional(v.union([v.string(), v.array(v.string())])),
      blocklist: v.optional(v.boolean()),
    }),
  ),
  argon2: v.optional(
    v.strictObject({
      memory: v.optional(between(8, 4_194_304)),
      passes: v.optional(between(1, 100)),
      parallelism: v.optional(between(1, 16)),
    }),
  ),
  trustedProxies: v.optional(trustedProxiesSchema),
  rateLimits: v.optional(v.picklist(['on', 'off'], 'must be on or off')),
  budgets: v.optional(budgetsSchema),
  mail: v.optional(mailSchema),
  authorizationScheme: v.optional(
    v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9-]{0,31}$/, 'is not an authentication scheme')),
  ),
  authorizationHeader: v.optional(v.string()),
  audit: v.optional(
    v.strictObject({
      retention: v.optional(v.union([v.literal('forever'), duration], 'is neither a duration nor forever')),
      secret: v.optional(v.union([v.string(), v.array(v.string())])),
    }),
  ),
})

type Parsed = v.InferOutput<typeof optionsSchema>

/**
 * @throws {TypeError} naming the option, the reason and, for an unknown option, the nearest known one.
 */
export function resolveConfig(options: AuthOptions, isPublicSuffix: IsPublicSuffix): Config {
  const parsed = parseOptions(options)
  const { origin, hostname, host, secure } = resolveOrigin(parsed.baseURL)
  const basePath = resolvePath('basePath', parsed.basePath ?? DEFAULTS.basePath)
  const config: Config = {
    origin,
    hostname,
    host,
    secure,
    basePath,
    secrets: resolveSecrets('secret', parsed.secret),
    auditSecrets: [
      ...resolveSecrets('audit.secret', parsed.audit?.secret),
      ...resolveSecrets('secret', parsed.secret),
    ],
    trustedOrigins: resolveTrustedOrigins(parsed.trustedOrigins ?? []),
    csrf: parsed.csrf ?? DEFAULTS.csrf,
    strategy: parsed.strategy ?? DEFAULTS.strategy,
    registration: parsed.registration ?? DEFAULTS.registration,
    links: resolveLinks(parsed.links, basePath),
    accessToken: resolveAccessToken(parsed.accessToken, origin),
    signing: resolveSigning(parsed.accessToken, secure),
    refreshGrace: within(
      'refreshToken.grace',
      parsed.refreshToken?.grace ?? ms(DEFAULTS.refreshGrace),
      SHORTEST_GRACE,
      LONGEST_GRACE,
    ),
    sessionsPerUser: parsed.session?.mostPerUser ?? DEFAULTS.sessionsPerUser,
    cacheSize: parsed.session?.cacheSize ?? DEFAULTS.cacheSize,
    timeouts: resolveTimeouts(parsed),
    sessionData: {
      store: parsed.sessionData?.store ?? DEFAULTS.sessionDataStore,
      idleTimeout: within(
        'sessionData.idleTimeout',
        parsed.sessionData?.idleTimeout ?? ms(DEFAULTS.sessionDataIdleTimeout),
        SECOND,
        LONGEST_MAX_AGE * SECOND,
      ),
    },
    cookies: resolveCookies(parsed, { hostname, secure, basePath }, isPublicSuffix),
    password: {
      minLength: parsed.password?.minLength ?? DEFAULTS.passwordMinLength,
      maxLength: parsed.password?.maxLength ?? DEFAULTS.passwordMaxLength,
      blocklist: parsed.password?.blocklist ?? DEFAULTS.blocklist,
    },
    peppers: resolveSecrets('password.pepper', parsed.password?.pepper),
    argon2: resolveArgon2(parsed, secure),
    trustedProxies: resolveTrustedProxies(parsed.trustedProxies ?? DEFAULTS.trustedProxies),
    budgets: (parsed.rateLimits ?? DEFAULTS.rateLimits) === 'on' ? resolveBudgets(parsed.budgets) : null,
    audit: { retention: resolveRetention(parsed) },
    ...resolveMail(parsed.mail, { hostname }),
    authorizationScheme: parsed.authorizationScheme ?? DEFAULTS.authorizationScheme,
    authorizationHeader: resolveHeader(parsed.authorizationHeader ?? DEFAULTS.authorizationHeader),
  }
  checkSense(config)
  return deepFreeze(config)
}

function parseOptions(options: AuthOptions): Parsed {
  const result = v.safeParse(optionsSchema, options)
  if (result.success) return result.output
  // A name that is unknown says more than one that is missing: it is the same one, misspelt.
  const unknown = result.issues.find(({ type, expected }) => type === 'strict_object' && expected === 'never')
  const issue = unknown ?? result.issues[0]
  const path = (issue.path ?? []).map((item) => String(item.key))
  if (unknown) return fail(explainUnknown(path))
  if (issue.input === undefined) return fail(`option ${path.join('.') || 'baseURL'} is needed`)
  return fail(`option ${path.join('.') || 'baseURL'}: ${issue.message}`)
}

function explainUnknown(path: readonly string[]): string {
  const known = knownKeys(path.slice(0, -1))
  const near = nearest(path.at(-1) ?? '', known)
  return `unknown option ${path.join('.')}; ${near ? `did you mean ${near}?` : `there are ${known.join(', ')}`}`
}

interface Nested {
  readonly wrapped?: Nested
  readonly entries?: Readonly<Record<string, Nested>>
  /** Of a record: what is under any key. */
  readonly value?: Nested
}

/** The keys that the schema knows at a path. */
function knownKeys(path: readonly string[]): readonly string[] {
  let schema: Nested | undefined = optionsSchema as unknown as Nested
  for (const key of path) {
    const inner: Nested | undefined = schema?.entries?.[key] ?? schema?.value
    schema = inner?.wrapped ?? inner
  }
  return Object.keys(schema?.entries ?? {})
}

function resolveOrigin(baseURL: string): Pick<Config, 'origin' | 'hostname' | 'host' | 'secure'> {
  const origin = parseOrigin(baseURL.replace(/\/$/, ''))
  if (!origin)
    return fail(`option baseURL: ${JSON.stringify(baseURL)} is not an origin such as https://app.example.com`)
  const { hostname, host, protocol } = new URL(origin)
  const secure = protocol === 'https:'
  if (!secure && !isLoopbackHost(hostname)) {
    return fail(
      `option baseURL: ${origin} is plain http, over which anybody on the way can take the cookies; use https (http is for localhost)`,
    )
  }
  return { origin, hostname, host, secure }
}

function resolvePath(option: string, path: string): string {
  if (!/^(?:\/[A-Za-z0-9._~-]+)+$/.test(path) || /\/\.{1,2}(?:\/|$)/.test(path)) {
    return fail(
      `option ${option}: ${JSON.stringify(path)} is not a path such as /auth, without a slash at the end`,
    )
  }
  return path
}

function resolveSecrets(
  option: string,
  secret: string | readonly string[] | undefined,
): readonly Uint8Array<ArrayBuffer>[] {
  const texts = secret === undefined ? [] : typeof secret === 'string' ? secret.split(',') : secret
  return texts.map((text) => {
    const bytes = decodeSecret(text.trim())
    if (bytes && bytes.length >= SHORTEST_SECRET && new Set(bytes).size > SHORTEST_SECRET / 4) return bytes
    return fail(
      `option ${option}: each must be hex or base64url of at least ${SHORTEST_SECRET} random bytes; make one with: npx lockjar secret`,
    )
  })
}

function decodeSecret(text: string): Uint8Array<ArrayBuffer> | null {
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) {
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  }
  return decodeBase64url(text.replace(/=+$/, ''))
}

function resolveTrustedOrigins(origins: readonly string[]): ReadonlySet<string> {
  for (const origin of origins) {
    if (!parseOrigin(origin)) {
      fail(
        `option trustedOrigins: ${JSON.stringify(origin)} is not an exact origin such as https://app.example.com (no path, no wildcard)`,
      )
    }
    const { protocol, hostname } = new URL(origin)
    if (protocol === 'http:' && !isLoopbackHost(hostname)) {
      fail(
        `option trustedOrigins: ${origin} is plain http, so anybody on the way could act as its users; use https`,
      )
    }
  }
  return new Set(origins)
}

/** What browsers send by themselves, or what means something else already, cannot carry a credential. */
const TAKEN_HEADERS =
  /^(?:accept|access-control|connection|content|cookie|date|expect|forwarded|from|host|if|keep-alive|lockjar|origin|proxy|range|referer|sec|set-cookie|te|trailer|transfer-encoding|upgrade|user-agent|via|x-csrf-?token|x-forwarded)(?:-|$)/

function resolveHeader(name: string): string {
  const lower = name.toLowerCase()
  if (/^[a-z][a-z0-9-]{0,63}$/.test(lower) && !TAKEN_HEADERS.test(lower)) return lower
  return fail(
    `option authorizationHeader: ${JSON.stringify(name)} cannot carry a credential; write Authorization, or a name of your own such as X-Access-Token`,
  )
}

/** How long a link may be good: long enough for slow mail, short enough for a mailbox that is found open. */
const SHORTEST_LINK = 600 * SECOND
const LONGEST_LINK = 3600 * SECOND

function resolveLinks(links: Parsed['links'], basePath: string): Links {
  const resolveLink = (kind: keyof Links): LinkConfig => {
    const { path, lifetime } = links?.[kind] ?? {}
    const defaults = DEFAULTS.links[kind]
    return {
      path: path === undefined ? basePath + defaults.path : resolvePath(`links.${kind}.path`, path),
      lifetime: within(
        `links.${kind}.lifetime`,
        lifetime ?? ms(defaults.lifetime),
        SHORTEST_LINK,
        LONGEST_LINK,
      ),
    }
  }
  return {
    verify: resolveLink('verify'),
    reset: resolveLink('reset'),
    changeEmail: resolveLink('changeEmail'),
  }
}

const DAY = 86_400 * SECOND

function resolveRetention({ audit }: Parsed): number | null {
  const retention = audit?.retention ?? ms(DEFAULTS.auditRetention)
  if (retention === 'forever') return null
  if (retention >= DAY) return retention
  return fail('option audit.retention: must be at least 1d, or forever')
}

function resolveTimeouts({ session }: Parsed): Config['timeouts'] {
  const remembered = session?.remembered
  return {
    plain: {
      idleTimeout: session?.idleTimeout ?? ms(DEFAULTS.idleTimeout),
      absoluteTimeout: session?.absoluteTimeout ?? ms(DEFAULTS.absoluteTimeout),
    },
    remembered: {
      idleTimeout: remembered?.idleTimeout ?? ms(DEFAULTS.rememberedIdleTimeout),
      absoluteTimeout: remembered?.absoluteTimeout ?? ms(DEFAULTS.rememberedAbsoluteTimeout),
    },
  }
}

function resolveCookies(
  { cookies }: Parsed,
  { hostname, secure, basePath }: Pick<Config, 'hostname' | 'secure' | 'basePath'>,
  isPublicSuffix: IsPublicSuffix,
): Config['cookies'] {
  const path = cookies?.refreshPath ?? basePath
  const choices: Config['cookies'] = {
    names: {
      access: cookies?.names?.access ?? DEFAULTS.cookieNames.access,
      refresh: cookies?.names?.refresh ?? DEFAULTS.cookieNames.refresh,
      session: cookies?.names?.session ?? DEFAULTS.cookieNames.session,
      data: cookies?.names?.data ?? DEFAULTS.cookieNames.data,
      csrf: cookies?.names?.csrf ?? DEFAULTS.cookieNames.csrf,
      hint: cookies?.names?.hint ?? DEFAULTS.cookieNames.hint,
      registration: cookies?.names?.registration ?? DEFAULTS.cookieNames.registration,
    },
    secure,
    prefixes: cookies?.prefixes ?? secure,
    domain: cookies?.domain ?? null,
    sameSite: {
      access: cookies?.sameSite?.access ?? DEFAULTS.sameSite.access,
      refresh: cookies?.sameSite?.refresh ?? DEFAULTS.sameSite.refresh,
    },
    partitioned: cookies?.partitioned ?? DEFAULTS.partitioned,
    refreshPath: path === '/' ? path : resolvePath('cookies.refreshPath', path),
  }
  const [problem] = cookieProblems(choices, hostname, isPublicSuffix)
  return problem ? fail(`option ${problem}`) : choices
}

/** OWASP Password Storage Cheat Sheet: KiB and passes, each pair as strong as the others. */
const STRONG_ENOUGH: readonly (readonly [memory: number, passes: number])[] = [
  [47_104, 1],
  [19_456, 2],
  [12_288, 3],
  [9216, 4],
  [7168, 5],
]

function resolveArgon2({ argon2 }: Parsed, secure: boolean): Config['argon2'] {
  const cost = {
    memory: argon2?.memory ?? DEFAULTS.argon2.memory,
    passes: argon2?.passes ?? DEFAULTS.argon2.passes,
    parallelism: argon2?.parallelism ?? DEFAULTS.argon2.parallelism,
  }
  if (secure && !STRONG_ENOUGH.some(([memory, passes]) => cost.memory >= memory && cost.passes >= passes)) {
    fail(
      `option argon2: weaker than OWASP's minimum (${STRONG_ENOUGH.map(([memory, passes]) => `${memory} KiB with ${passes}`).join(', ')}); weaker is accepted on http://localhost only`,
    )
  }
  if (cost.memory < 8 * cost.parallelism)
    fail('option argon2.memory: must be at least 8 KiB for each lane of parallelism')
  return cost
}

/** Each option may be right by itself and still make no sense beside another. */
function checkSense(config: Config): void {
  if (config.strategy === 'opaque' && config.accessToken.form.foreign)
    fail('option accessToken.preset: the opaque strategy has no access tokens; leave it out')
  for (const [name, { idleTimeout, absoluteTimeout }] of Object.entries(config.timeouts)) {
    const option = name === 'plain' ? 'session' : 'session.remembered'
    if (absoluteTimeout > LONGEST_MAX_AGE * SECOND)
      fail(`option ${option}.absoluteTimeout: browsers keep no cookie longer than 400 days`)
    if (idleTimeout > absoluteTimeout)
      fail(`option ${option}.idleTimeout: is longer than the absolute timeout, so it could never matter`)
    if (config.accessToken.lifetime >= idleTimeout) {
      fail(
        `option ${option}.idleTimeout: must be longer than accessToken.lifetime, or a session in use would end as idle`,
      )
    }
  }
  const { sameSite, partitioned } = config.cookies
  if (
    (sameSite.access === 'None' || sameSite.refresh === 'None') &&
    !(partitioned && config.csrf === 'token')
  ) {
    fail(
      'option cookies.sameSite: None lets every site send the cookies; it also needs cookies.partitioned: true and csrf: "token"',
    )
  }
  const { refreshPath } = config.cookies
  const covers =
    refreshPath === '/' || config.basePath === refreshPath || config.basePath.startsWith(`${refreshPath}/`)
  if (!covers)
    fail(
      `option cookies.refreshPath: ${refreshPath} does not cover ${config.basePath}, so the browser would never send the refresh cookie`,
    )
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
