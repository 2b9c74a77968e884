// What does a sign-in API look like that does everything right, but for the one thing that a test wants to be wrong?
import { createHmac, randomUUID } from 'node:crypto'
import type { Handler, Profile } from 'lockjar/testing'

export const ORIGIN = 'https://app.example.com'

export const PROFILE: Profile = {
  name: 'an API made up',
  register: { path: '/register', body: { email: '{email}', password: '{password}' } },
  login: { path: '/login', body: { email: '{email}', password: '{password}' } },
  me: { path: '/me', contains: '{email}' },
  logout: { path: '/logout' },
  refresh: { path: '/refresh' },
  refreshGrace: 10,
  changePassword: { path: '/password', body: { old: '{password}', new: '{newPassword}' } },
  change: { path: '/note', body: { text: '{nonce}' } },
  public: { path: '/' },
  session: { cookies: ['session', 'refresh'] },
}

/** The id of the rule that it breaks, or one of a kind that is easily missed. */
export type Flaw = string

/** What is wrong where nobody looks first, and the rules that it breaks. */
export const SUBTLE: Readonly<Record<string, readonly string[]>> = {
  'an opaque token in the body of the sign-in, that a refresh replaces': ['token-readable'],
  'a token in the body of the registration': ['token-readable'],
  'a cookie that is not HttpOnly once it was refreshed': ['token-readable', 'cookie-httponly'],
  'a change of password that forgets refresh tokens': ['password-change-ends'],
  'no look at Origin where there is no Sec-Fetch-Site': ['csrf-foreign-origin', 'csrf-null-origin'],
  'a redirect for what was done, also for another site': [
    'csrf-foreign-origin',
    'csrf-null-origin',
    'csrf-form',
  ],
  'CORS for whatever ends like the domain': ['cors-reflected'],
  'a place to go that tells who has an account': ['enumeration'],
  'a break-down under guesses': ['rate-limit'],
}

interface Session {
  readonly email: string
  readonly id: string
  generation: number
  live: boolean
  /** Until a refresh, which forgot to look. */
  asleep?: boolean
}

const KEY = 'only for this test'
/** In place of an attribute: this cookie is for scripts. */
const SCRIPTS = 'for scripts'
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const mac = (text: string): string => createHmac('sha256', KEY).update(text).digest('base64url')

/** Access tokens are JWTs `{ sid, gen }`; refresh tokens `sid.generation.MAC`. */
export function createApi(...flaws: readonly Flaw[]): Handler {
  const has = (flaw: Flaw): boolean => flaws.includes(flaw)
  const users = new Map<string, string>()
  const sessions = new Map<string, Session>()
  const failures = new Map<string, number>()

  const isOpaque = has('an opaque token in the body of the sign-in, that a refresh replaces')
  const sign = (session: Session): string => {
    if (isOpaque) return `${session.id}.${session.generation}.${mac(`${session.id}/${session.generation}`)}`
    const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sid: session.id, gen: session.generation })}`
    return `${text}.${mac(text)}`
  }
  const readAccess = (token: string): Session | null => {
    const [head = '', payload = '', signature = ''] = token.split('.')
    if (isOpaque) {
      const session = sessions.get(head)
      return session?.live && signature === mac(`${head}/${payload}`) ? session : null
    }
    if (head === '' || payload === '' || (signature !== mac(`${head}.${payload}`) && !has('jwt-forged')))
      return null
    try {
      const session = sessions.get(JSON.parse(Buffer.from(payload, 'base64url').toString()).sid)
      return session?.live && !session.asleep ? session : null
    } catch {
      return null
    }
  }

  const prefix = has('cookie-prefix') || has('cookie-host-only') || has('cookie-secure') ? '' : '__Host-'
  const line = (name: string, value: string, more = ''): string =>
    [
      `${prefix}${name}=${value}`,
      'Path=/',
      !has('cookie-secure') && 'Secure',
      !has('cookie-httponly') && more !== SCRIPTS && 'HttpOnly',
      !has('cookie-samesite') && 'SameSite=Lax',
      has('cookie-host-only') && 'Domain=app.example.com',
      has('cookie-lasting') && more === '' && 'Max-Age=34000000',
      more !== SCRIPTS && more,
    ]
      .filter(Boolean)
      .join('; ')
  const cookies = (session: Session, refresh = true, more = ''): string[] => [
    line('session', sign(session), more),
    ...(refresh
      ? [line('refresh', `${session.id}.${session.generation}.${mac(`${session.id}.${session.generation}`)}`)]
      : []),
  ]

  const answer = (status: number, body: unknown, setCookies: readonly string[] = []): Response => {
    const headers = new Headers({ 'content-type': 'application/json' })
    if (!has('cache')) headers.set('cache-control', 'no-store')
    if (!has('security-headers')) {
      headers.set('x-content-type-options', 'nosniff')
      headers.set('content-security-policy', "frame-ancestors 'none'")
      headers.set('strict-transport-security', 'max-age=1')
    }
    for (const each of setCookies) headers.append('set-cookie', each)
    return new Response(JSON.stringify(body), { status, headers })
  }

  const moved = (to: string): Response => {
    const response = answer(303, {})
    response.headers.set('location', to)
    return response
  }

  const isForeign = ({ headers }: Request, flaw: Flaw): boolean => {
    const origin = headers.get('origin')
    if (has('no look at Origin where there is no Sec-Fetch-Site') && !headers.has('sec-fetch-site'))
      return false
    if (has('a redirect for what was done, also for another site') && flaw === 'csrf-foreign-origin')
      return false
    if (origin === 'null') return !has('csrf-null-origin')
    if (has('csrf-form') && flaw === 'csrf-foreign-origin')
      return origin?.endsWith('attacker.example') ?? false
    return origin !== null && origin !== ORIGIN && !has(flaw)
  }

  const jarOf = ({ headers }: Request): Map<string, string> =>
    new Map(
      (headers.get('cookie') ?? '').split('; ').map((pair): [string, string] => {
        const [name = '', value = ''] = pair.split(/=(.*)/s)
        return [name, value]
      }),
    )

  const bodyOf = async (request: Request): Promise<Record<string, unknown> | null> => {
    const type = request.headers.get('content-type') ?? ''
    if (/form/.test(type)) return Object.fromEntries(await request.formData())
    try {
      return JSON.parse(await request.text())
    } catch {
      return null
    }
  }

  const login = async (request: Request): Promise<Response> => {
    if (isForeign(request, 'csrf-login')) return answer(403, {})
    const jar = jarOf(request)
    const held = jar.get(`${prefix}session`)
    if (held && has('garbage-cookie') && !readAccess(held)) return answer(401, {})
    const body = await bodyOf(request)
    if (has('error-details') && typeof body?.['email'] !== 'string')
      return answer(500, 'Traceback (most recent call last)')
    const { email, password } = body ?? {}
    if (typeof email !== 'string' || typeof password !== 'string') return answer(422, {})
    const failed = failures.get(email) ?? 0
    if (failed >= 10 && has('a break-down under guesses')) return answer(500, {})
    if (failed >= 10 && !has('rate-limit')) return answer(429, {})
    if (!users.has(email) && has('enumeration')) return answer(404, {})
    if (users.get(email) !== password) {
      failures.set(email, failed + 1)
      if (has('a place to go that tells who has an account'))
        return moved(users.has(email) ? '/login?wrong' : '/register')
      return answer(401, {})
    }
    const old = has('fixation-new')
      ? [...sessions.values()].find((session) => session.email === email && session.live)
      : undefined
    const planted = has('fixation-planted') ? readAccess(held ?? '') : null
    const session = planted
      ? { ...planted, email }
      : (old ?? { email, id: randomUUID(), generation: 0, live: true })
    sessions.set(session.id, session)
    const inBody = has('token-readable') || isOpaque
    return answer(200, inBody ? { token: sign(session) } : {}, cookies(session))
  }

  const refresh = (request: Request): Response => {
    if (isForeign(request, 'csrf-foreign-origin')) return answer(403, {})
    const [id = '', generation = '', tag = ''] = (jarOf(request).get(`${prefix}refresh`) ?? '').split('.')
    const session = sessions.get(id)
    if (!session?.live || tag !== mac(`${id}.${generation}`)) return answer(401, {})
    const behind = session.generation - Number(generation)
    if (has('refresh-rotates')) return answer(200, {}, cookies(session, false))
    if (has('refresh-parallel') && behind === 1) return answer(401, {})
    if (behind > 1 && !has('refresh-reuse')) {
      if (!has('refresh-reuse-ends')) session.live = false
      return answer(401, {})
    }
    // The successor is the same for everybody who shows the one before.
    if (behind === 0) session.generation++
    session.asleep = false
    const more = has('a cookie that is not HttpOnly once it was refreshed') ? SCRIPTS : ''
    return answer(200, {}, cookies(session, true, more))
  }

  const forSignedIn: Readonly<Record<string, (session: Session, request: Request) => Promise<Response>>> = {
    'GET /me': async ({ email }) => answer(200, { email }),
    'POST /note': async () =>
      has('a redirect for what was done, also for another site') ? moved('/') : answer(200, {}),
    'POST /logout': async (session) => {
      if (!has('logout-revokes')) session.live = false
      const clear = has('logout-clears') ? 'Path=/elsewhere' : 'Max-Age=0'
      return answer(200, {}, [line('session', '', clear), line('refresh', '', clear)])
    },
    'POST /password': async (session, request) => {
      const body = await bodyOf(request)
      users.set(session.email, String(body?.['new']))
      for (const other of sessions.values())
        if (other.email === session.email && other !== session && !has('password-change-ends')) {
          if (has('a change of password that forgets refresh tokens')) other.asleep = true
          else other.live = false
        }
      return answer(200, {})
    },
  }

  const route = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    const at = `${request.method} ${pathname}`
    if (at === 'GET /') return answer(200, {})
    if (at === 'POST /register') {
      const body = (await bodyOf(request)) as { email: string; password: string }
      users.set(body.email, body.password)
      if (!has('a token in the body of the registration')) return answer(201, {})
      const session = { email: body.email, id: randomUUID(), generation: 0, live: true }
      sessions.set(session.id, session)
      return answer(201, { token: `${sign(session)}` }, cookies(session))
    }
    if (at === 'POST /login') return login(request)
    if (at === 'POST /refresh') return refresh(request)
    const act = forSignedIn[at]
    if (!act) return answer(404, {})
    const session = readAccess(jarOf(request).get(`${prefix}session`) ?? '')
    if (!session)
      return at === 'GET /me' && has('sign-in-needed') ? answer(200, 'conformance nobody') : answer(401, {})
    if (request.method === 'POST' && isForeign(request, 'csrf-foreign-origin')) return answer(403, {})
    return act(session, request)
  }

  return async (request) => {
    const response = await route(request)
    const origin = request.headers.get('origin')
    const endsLikeUs = has('CORS for whatever ends like the domain') && origin?.endsWith('example.com')
    const allowed =
      origin !== null && (origin === 'null' ? has('cors-null') : has('cors-reflected') || endsLikeUs)
    if (allowed) response.headers.set('access-control-allow-origin', origin)
    if (allowed) response.headers.set('access-control-allow-credentials', 'true')
    return response
  }
}
