// What may a user configure? Each option says what it is, its unit, its default and what it costs.
import type { SameSite } from '../core/cookie/serialize.ts'
import type { Duration } from '../core/duration/duration.ts'
import type { SigningAlgorithm } from '../core/keys/algorithms.ts'
import type { KeySource } from '../core/keys/import.ts'
import type { MailRecipient, MailTemplates } from '../core/mail/letter.ts'

/**
 * Options of `createAuth`. Only `baseURL` has no default.
 *
 * @example
 * ```ts
 * import type { AuthOptions } from 'lockjar'
 *
 * export const options: AuthOptions = {
 *   baseURL: 'https://app.example.com',
 *   secret: process.env.LOCKJAR_SECRET ?? '',
 *   session: { remembered: { idleTimeout: '30d' } },
 * }
 * ```
 */
export interface AuthOptions {
  /**
   * The public origin, as in the browser's address bar: `https://app.example.com`, no path. Its scheme decides whether
   * cookies are locked to https; plain http is accepted for `localhost`, `*.localhost`, `127.0.0.0/8` and `[::1]` only.
   */
  readonly baseURL: string
  /** Where Lockjar's routes live. Default `/auth`. */
  readonly basePath?: string
  /**
   * One or more secrets, newest first: hex or base64url of at least 32 random bytes each. The first signs, all verify.
   * Default on plain http: made once and kept beside the database. Required on https, so that a lost file or a second
   * node can never sign everybody out.
   */
  readonly secret?: string | readonly string[]
  /**
   * Origins besides the application's own that may call with credentials, exactly as browsers send them. Default none.
   * Every origin here can act as the user; it is not a way round CORS for the public.
   */
  readonly trustedOrigins?: readonly string[]
  /**
   * `auto` (default) judges Fetch Metadata, Origin and Referer and asks for the CSRF token only where a browser sends
   * none of them. `token` asks for it always, as Django does: one more request for each client, and needed where
   * cookies are `SameSite=None`.
   */
  readonly csrf?: 'auto' | 'token'
  /**
   * `jwt` (default): a short access token and a rotating refresh token; a stolen cookie jar is found out at its first reuse, and
   * verifying needs the database only at a refresh. `opaque`: one session cookie and no refresh, the simplest wire for a front
   * end on the same origin; each process reads a session once per `accessToken.lifetime`. Changing it keeps sessions.
   */
  readonly strategy?: 'jwt' | 'opaque'
  /**
   * `open` (default): anybody may register, is signed in at once, and is told when an address is taken. `verified`: everybody gets the
   * same answer, and an account comes to be when its link is opened, so nobody learns who has one; users whose address was never
   * proved cannot sign in. It needs mail. `closed`: nobody may.
   */
  readonly registration?: 'open' | 'verified' | 'closed'
  /** The links that mails hold: which page each opens, and how long it is good. */
  readonly links?: {
    /** Proves an address. Default path `/auth/verify-email`, lifetime `60m`. */
    readonly verify?: LinkOptions
    /** Lets the owner of the address choose a new password. Default path `/auth/reset-password`, lifetime `30m`. */
    readonly reset?: LinkOptions
    /** Proves the new address of an account. Default path `/auth/change-email`, lifetime `60m`. */
    readonly changeEmail?: LinkOptions
  }
  readonly accessToken?: {
    /** From `1s` to `1h`, default `10m`. Shorter means more refreshes; revocation does not wait for it. */
    readonly lifetime?: Duration
    /** The `iss` claim. Default: `baseURL`. */
    readonly issuer?: string
    /** The `aud` claim. Default: `baseURL`. */
    readonly audience?: string
    /** By how much the clocks of two nodes may differ, at most `60s`. Default: nothing. Lengthens every token's life by itself. */
    readonly leeway?: Duration
    /** How tokens are signed. Default: `HS256`, with a key derived from `secret`. */
    readonly signing?: SigningOptions
    /** Names of claims, where other services expect their own. Defaults: see each. */
    readonly claims?: ClaimOptions
    /**
     * `simplejwt`: tokens that Django REST framework SimpleJWT accepts, and acceptance of those that it made. They are HS256 with
     * Django's key as it is, `typ: JWT`, `token_type: access` and `user_id`, without `iss` and `aud` unless configured.
     * Default none. Whoever has Django's key can then sign in as anybody here.
     */
    readonly preset?: 'simplejwt'
    /** Of the preset: Django's `SECRET_KEY`, or SimpleJWT's `SIGNING_KEY`; at least 32 bytes of UTF-8. */
    readonly djangoSecretKey?: string
  }
  readonly refreshToken?: {
    /**
     * How long the token that was just replaced is still answered, with the same successor: parallel tabs and retries.
     * From `2s` to `60s`, default `10s`. A thief who keeps pace with the owner inside it is not noticed.
     */
    readonly grace?: Duration
  }
  /** Timeouts of a session whose user did not ask to be remembered: idle `12h`, absolute `24h`. */
  readonly session?: SessionOptions & {
    /** Timeouts after "remember me": idle `14d`, absolute `90d`. */
    readonly remembered?: SessionOptions
    /** Live sessions that one user may have, from 1 to 1000, default 100: one more ends the one that was seen longest ago. */
    readonly mostPerUser?: number
    /**
     * Tokens that a process keeps as verified, about 1 KB each: from 100 to 1,000,000, default 10,000. Where more people are active at one
     * process within an access lifetime, what it has forgotten costs a signature again, or with `opaque` a look at the database.
     */
    readonly cacheSize?: number
  }
  /** What a handler keeps for a visitor with `visit.session`. */
  readonly sessionData?: {
    /**
     * `server` (default): in the database, up to 64 KiB, and a sign-out removes it. `sealed`: encrypted in the cookie itself,
     * under 4 KB, with no database read; of two answers at once the last one wins, and an old copy of a visitor's cookie
     * can be brought back.
     */
    readonly store?: 'server' | 'sealed'
    /** It ends so long after its last use. Default `14d`, at most `400d`. */
    readonly idleTimeout?: Duration
  }
  readonly cookies?: CookieOptions
  readonly password?: {
    /** Code points, from 8 to 64. Default 8; 15 is recommended where the password is the only factor (NIST SP 800-63B-4). */
    readonly minLength?: number
    /** Code points, from 64 to 4096. Default 256. */
    readonly maxLength?: number
    /**
     * One or more secrets in the form of `secret`, newest first, that go into every hash: a copied database alone cannot be guessed
     * at. Default none. Lost, nobody can sign in with a password any more; keep it apart from the database and its backups.
     */
    readonly pepper?: string | readonly string[]
    /** Refuse 17,950 common passwords. Default true. */
    readonly blocklist?: boolean
  }
  /** Cost of Argon2id: `memory` in KiB (default 19456), `passes` (default 2), `parallelism` (default 1). Higher is slower for everybody. */
  readonly argon2?: { readonly memory?: number; readonly passes?: number; readonly parallelism?: number }
  readonly mail?: MailOptions
  /**
   * Who may say, in `X-Forwarded-For`, from where a request comes: how many proxies stand in front of this server, or their
   * addresses and ranges. Default none: the address is that of the connection. With a number that is too high, or a range that
   * others are in, anybody can invent an address; with none behind a proxy, everybody has the proxy's.
   */
  readonly trustedProxies?: number | readonly string[]
  /**
   * `on` (default): tries of passwords and tokens, registrations and mails are counted, and too many are refused with 429.
   * `off`: they are not, which is for tests, and for servers behind something that counts.
   */
  readonly rateLimits?: 'on' | 'off'
  /** Other numbers for single budgets. An empty list: not limited in that scope. */
  readonly budgets?: BudgetOptions
  /**
   * The scheme of the `Authorization` header that API clients use. Default `Bearer`; Django REST framework's `Token`
   * keeps existing tooling working.
   */
  readonly authorizationScheme?: string
  /**
   * The header in which API clients send it. Default `Authorization`. Another one is for clients whose proxy keeps that one
   * for itself.
   */
  readonly authorizationHeader?: string
  /** What is kept of what happened: see the guide to the audit log. */
  readonly audit?: {
    /**
     * Events are removed so long after they happened. Default `400d`, at least `1d`, or `forever`. Events hold network addresses:
     * longer is more to protect, shorter is less to look back on.
     */
    readonly retention?: Duration | 'forever'
    /**
     * One or more secrets in the form of `secret`, newest first, for the chain of the audit log alone: the first writes, all verify.
     * Default: those of `secret`, which verify in any case. With one of its own, `secret` can be replaced and old events still be verified.
     */
    readonly secret?: string | readonly string[]
  }
}

export interface SigningOptions {
  /**
   * `HS256` (default), `HS384`, `HS512`: keys derived from `secret`, and whoever verifies can also sign. `RS256` to `RS512`,
   * `PS256` to `PS512`, `ES256` to `ES512`, `Ed25519` (and `EdDSA`, its older name on the wire): key pairs, whose public halves
   * are at `GET /auth/jwks.json`. A change ends every access token; sessions refresh.
   */
  readonly algorithm?: SigningAlgorithm
  /**
   * For a key pair's algorithm, newest first: the first is private and signs, all verify. PKCS#8 or SPKI in PEM, a JWK as
   * text or object, or `file:PATH` of either. RSA of at least 2048 bits, 3072 recommended.
   */
  readonly keys?: KeySource | readonly KeySource[]
}

export interface ClaimOptions {
  /** The user's id. Default `sub`. */
  readonly userId?: string
  /** The token's id. Default `jti`. */
  readonly jti?: string
  /** A claim that says `access`, and must. Default none: the header's `typ` says it. */
  readonly tokenType?: string
  /** The user's roles. Default `roles`. */
  readonly roles?: string
}

export interface LinkOptions {
  /**
   * Of a page of your own on `baseURL`, such as `/welcome`; it finds the token behind `#token=` and sends it on when somebody
   * clicks. Default: Lockjar's own page below `basePath`.
   */
  readonly path?: string
  /** From `10m` to `60m`. Longer is kinder to slow mail, and to whoever gets at the mailbox later. */
  readonly lifetime?: Duration
}

export interface MailOptions {
  /**
   * The mail server: `smtp://USER:PASSWORD@HOST:587` with STARTTLS, `smtps://HOST:465` with TLS at once; user and password
   * percent-encoded. Needs the package `nodemailer`. In the clear to this machine alone, unless `?tls=off` ends the URL; whoever is on the way
   * then reads every link. Default on plain http: mails are printed to the terminal. On https: none are sent.
   */
  readonly smtp?: string
  /** Who writes: `Example <no-reply@example.com>`, or an address alone. Needed with `smtp`. */
  readonly from?: string
  /** What the application is called in mails, at most 60 characters. Default: the host of `baseURL`. */
  readonly appName?: string
  /** The language of each mail, as a tag such as `de`. Default: English for everybody. */
  readonly language?: (recipient: MailRecipient) => string | Promise<string>
  /** Words of your own, by language and kind of mail. Default: those that are built in, in English. */
  readonly templates?: MailTemplates
}

export interface SessionOptions {
  /** A session ends so long after its last use. */
  readonly idleTimeout?: Duration
  /** A session ends so long after sign-in, used or not. At most `400d`, as browsers keep no cookie longer. */
  readonly absoluteTimeout?: Duration
}

export interface CookieOptions {
  /** Base names, to which the prefix is added. Defaults `access_token`, `refresh_token`, `session`, `sessionid`, `csrftoken`, `auth_hint`, `registration`. */
  readonly names?: {
    readonly access?: string
    readonly refresh?: string
    readonly session?: string
    readonly data?: string
    readonly csrf?: string
    readonly hint?: string
    readonly registration?: string
  }
  /**
   * Share the cookies with every sub-domain of this one. Default: this host alone. It gives up the `__Host-` prefix, so
   * that any sub-domain can plant cookies of these names; prefer one host.
   */
  readonly domain?: string
  /**
   * Defaults `Lax` for all but the refresh cookie, which is `Strict`; that serves every front end on the same site.
   * `None` is for a front end on another site, and asks for https, `partitioned: true` and `csrf: 'token'`; many
   * browsers block such cookies anyway.
   */
  readonly sameSite?: { readonly access?: SameSite; readonly refresh?: SameSite }
  /** Keep the cookies apart by the site in the address bar (CHIPS). Default false. */
  readonly partitioned?: boolean
  /** Add `__Host-Http-`, `__Host-` and `__Secure-`. Default: on https yes, on plain http no. */
  readonly prefixes?: boolean
  /** Path of the refresh cookie. Default `basePath`: hygiene, not a boundary. `/` gives it the `__Host-Http-` prefix. */
  readonly refreshPath?: string
}

/** At most 4 windows, the shortest first; each next one is longer, allows more, and fewer in the same time. */
export type BudgetWindows = readonly {
  /** From 1 to 1,000,000. */
  readonly limit: number
  /** At most `90d`. */
  readonly period: Duration
  /** Whoever uses up one window after another waits twice as long each time, up to so long. Default: as `period`; waits do not grow. */
  readonly longestWait?: Duration
}[]

/** Defaults: `docs/guide/limits.md`. */
export interface BudgetOptions {
  /** Tries of a password: sign-in, step-up, change of password, deletion. A right one is not counted. */
  readonly password?: {
    /** One account, as it is typed, from one network. */
    readonly pair?: BudgetWindows
    /** One account from all networks that it does not know. */
    readonly account?: BudgetWindows
    /** One network, whatever the account. */
    readonly network?: BudgetWindows
    /** Everybody, at networks that their account does not know. */
    readonly global?: BudgetWindows
  }
  readonly register?: { readonly network?: BudgetWindows }
  /** Mails that a request causes to be sent. `pair`, `account`: to one address. */
  readonly mail?: {
    readonly pair?: BudgetWindows
    readonly account?: BudgetWindows
    readonly network?: BudgetWindows
  }
  /** Links for one account's lost password: where there is none left, the last one stays good. Waits should be shorter than its lifetime. */
  readonly reset?: { readonly account?: BudgetWindows }
  /** Changes of address that one account asks for. */
  readonly change?: { readonly account?: BudgetWindows }
  /** Tries of one-time tokens. */
  readonly token?: { readonly network?: BudgetWindows }
}
