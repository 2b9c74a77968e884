// What does a request say about where it comes from and what it carries? Read once, judged elsewhere.
import type { CookieJar } from '../core/cookie/parse.ts'
import { parseCookies } from '../core/cookie/parse.ts'
import type { SourceFacts } from '../core/csrf/judge.ts'
import { CSRF_HEADER, HEADERS } from '../protocol.ts'

/** As much of a `Request` as is needed to say who it is from; a `Request` is one. */
export interface RequestLike {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
}

export interface Facts extends SourceFacts {
  /** `Host`, or the URL's host where the platform gives no such header. */
  readonly host: string | null
  readonly cookies: CookieJar
  readonly carriesCookies: boolean
  /** What the configured header says; `Authorization` as a rule. */
  readonly authorization: string | null
  readonly contentType: string | null
  readonly csrfToken: string | null
  readonly userAgent: string | null
  /** `X-Forwarded-Proto`, which decides nothing. */
  readonly forwardedProto: string | null
  /** The sender asks for tokens in the body and nothing shows it to be a browser. */
  readonly wantsTokens: boolean
}

/** Kept with a session, for its owner to recognise it by. */
const LONGEST_USER_AGENT = 256

/** `authorizationHeader` in lower case: where a client sends its credential. */
export function readFacts(
  request: RequestLike,
  { authorizationHeader }: { readonly authorizationHeader: string },
): Facts {
  return new RequestFacts(request, authorizationHeader)
}

/** A safe request with a good cookie is judged by three headers, so the others are read when somebody asks. */
class RequestFacts implements Facts {
  readonly method: string
  readonly host: string | null
  readonly cookies: CookieJar
  readonly carriesCookies: boolean
  readonly authorization: string | null
  readonly #headers: RequestLike['headers']

  constructor({ method, url, headers }: RequestLike, authorizationHeader: string) {
    const cookie = headers.get('cookie')
    this.#headers = headers
    this.method = method
    this.host = headers.get('host') ?? hostOf(url)
    this.cookies = parseCookies(cookie)
    this.carriesCookies = cookie !== null
    this.authorization = headers.get(authorizationHeader)
  }

  get secFetchSite(): string | null {
    return this.#headers.get('sec-fetch-site')
  }

  get origin(): string | null {
    return this.#headers.get('origin')
  }

  get referer(): string | null {
    return this.#headers.get('referer')
  }

  get contentType(): string | null {
    return this.#headers.get('content-type')
  }

  get csrfToken(): string | null {
    return this.#headers.get(CSRF_HEADER) ?? this.#headers.get(HEADERS.csrfDjango)
  }

  get userAgent(): string | null {
    return this.#headers.get('user-agent')?.slice(0, LONGEST_USER_AGENT) ?? null
  }

  get forwardedProto(): string | null {
    return this.#headers.get('x-forwarded-proto')
  }

  get wantsTokens(): boolean {
    return this.#headers.get(HEADERS.tokens) === 'body' && !isBrowser(this.#headers)
  }
}

/**
 * No browser leaves out all of these on a POST, and no page's script can remove one. `Sec-Fetch-Mode` is not asked:
 * Node's own `fetch` sends it alone, a browser only with the others.
 */
function isBrowser(headers: RequestLike['headers']): boolean {
  return ['cookie', 'origin', 'sec-fetch-site', 'sec-fetch-dest', 'sec-fetch-user'].some(
    (name) => headers.get(name) !== null,
  )
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host : null
}
