// Which mail server does a URL name, and may mails go to it in the clear?
import { isLoopbackHost } from '../origin/origin.ts'

export interface SmtpServer {
  readonly host: string
  readonly port: number
  /** `implicit`: TLS from the first byte. `starttls`: asked for, and insisted on. `off`: in the clear, password and all. */
  readonly tls: 'implicit' | 'starttls' | 'off'
  readonly login: { readonly user: string; readonly password: string } | null
}

export type SmtpVerdict =
  | { readonly ok: true; readonly server: SmtpServer }
  /** Says nothing of the URL, which holds a password. */
  | { readonly ok: false; readonly reason: string }

const PORTS = { implicit: 465, starttls: 587, off: 25 } as const

/**
 * `smtp://USER:PASSWORD@HOST:587` with STARTTLS (RFC 3207), `smtps://HOST:465` with TLS at once (RFC 8314). In the clear to this
 * machine alone, unless `?tls=off` says so; `?tls=required` asks for STARTTLS on this machine too.
 */
export function parseSmtpUrl(text: string): SmtpVerdict {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '')
    return no('is not a URL such as smtp://USER:PASSWORD@mail.example.com:587')
  const unknown = [...url.searchParams.keys()].some((name) => name !== 'tls')
  const choice = url.searchParams.get('tls')
  if (
    unknown ||
    (choice !== null && choice !== 'off' && choice !== 'required') ||
    url.pathname.length > 1 ||
    url.hash
  )
    return no('has nothing after the host and port but ?tls=off or ?tls=required')
  if (url.protocol === 'smtps:' && choice !== null)
    return no('smtps is TLS from the first byte; leave ?tls out')
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const starttls = choice === null ? !isLoopbackHost(url.hostname) : choice === 'required'
  const tls = url.protocol === 'smtps:' ? 'implicit' : starttls ? 'starttls' : 'off'
  const login = readLogin(url)
  if (login === 'broken') return no('has a user or password that is not percent-encoded')
  return { ok: true, server: { host, port: Number(url.port) || PORTS[tls], tls, login } }
}

function readLogin({ username, password }: URL): SmtpServer['login'] | 'broken' {
  if (username === '') return null
  try {
    return { user: decodeURIComponent(username), password: decodeURIComponent(password) }
  } catch {
    return 'broken'
  }
}

const no = (reason: string): SmtpVerdict => ({ ok: false, reason })
