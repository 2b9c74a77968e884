// May a script send this across origins, and read the answer? Fetch, "CORS protocol".

const SIMPLE_METHODS = new Set(['GET', 'HEAD', 'POST'])
const SIMPLE_HEADERS = new Set(['accept', 'accept-language', 'content-language', 'content-type', 'range'])
const SIMPLE_TYPES = /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\s*(?:;|$)/i

/** The headers for which a server has to be asked first, in lower case. */
export function unsafeHeaders(headers: Headers): readonly string[] {
  return [...headers]
    .filter(
      ([name, value]) => !SIMPLE_HEADERS.has(name) || (name === 'content-type' && !SIMPLE_TYPES.test(value)),
    )
    .map(([name]) => name)
    .sort()
}

export function needsPreflight(method: string, headers: Headers): boolean {
  return !SIMPLE_METHODS.has(method) || unsafeHeaders(headers).length > 0
}

/** Why the answer to a preflight does not allow the request; `null` where it does. */
export function preflightRefusal(
  response: Response,
  origin: string,
  method: string,
  headers: Headers,
  credentials: boolean,
): string | null {
  const refusal = readRefusal(response, origin, credentials)
  if (refusal !== null) return refusal
  if (!response.ok) return `the preflight was answered with ${response.status}`
  const methods = listOf(response, 'access-control-allow-methods')
  if (!SIMPLE_METHODS.has(method) && !allows(methods, method, credentials))
    return `Access-Control-Allow-Methods does not name ${method}`
  const names = listOf(response, 'access-control-allow-headers').map((name) => name.toLowerCase())
  const missing = unsafeHeaders(headers).find(
    // A wildcard never stands for it.
    (name) => !allows(names, name, credentials || name === 'authorization'),
  )
  return missing === undefined ? null : `Access-Control-Allow-Headers does not name ${missing}`
}

/** Why the script may not read an answer; `null` where it may. */
export function readRefusal(response: Response, origin: string, credentials: boolean): string | null {
  const allowed = response.headers.get('access-control-allow-origin')
  if (allowed === null) return 'there is no Access-Control-Allow-Origin'
  if (allowed === '*' && !credentials) return null
  if (allowed === '*') return 'Access-Control-Allow-Origin is * for a request with credentials'
  if (allowed !== origin) return `Access-Control-Allow-Origin is ${allowed}, not ${origin}`
  if (credentials && response.headers.get('access-control-allow-credentials') !== 'true')
    return 'Access-Control-Allow-Credentials is not true'
  return null
}

const listOf = ({ headers }: Response, name: string): readonly string[] =>
  (headers.get(name) ?? '').split(',').map((part) => part.trim())

const allows = (list: readonly string[], name: string, credentials: boolean): boolean =>
  list.includes(name) || (!credentials && list.includes('*'))
