// How does Axios share the session of the page, and its one refresh?
import { CSRF_HEADER } from '../protocol.ts'
import type { Attempt, Client, Problem } from './index.ts'

/** As much of an Axios request as is needed. */
export interface AxiosConfig {
  url?: string | undefined
  method?: string | undefined
  withCredentials?: boolean | undefined
  headers: { set(name: string, value: string | false): unknown }
}

/** As much of Axios as is needed, 1.x. */
export interface AxiosLike<C extends AxiosConfig = AxiosConfig> {
  readonly interceptors: {
    readonly request: Interceptors<C>
    readonly response: {
      use(fulfilled: null, rejected: (error: unknown) => unknown): number
      eject(id: number): void
    }
  }
  getUri(config: never): string
  request(config: never): Promise<unknown>
}

interface Interceptors<V> {
  use(fulfilled: (value: V) => Promise<V>): number
  eject(id: number): void
}

/** What Axios carries along from one sending of a request to the next. */
const ATTEMPT = 'lockjar'

type Carried = AxiosConfig & { [ATTEMPT]?: Attempt | undefined }

/**
 * Two interceptors: requests carry cookies and, where the server wants it, the CSRF token; one that was refused because the access
 * token has ended is sent again after the refresh that all of the page's tabs share. Axios' own `xsrfCookieName` and
 * `xsrfHeaderName` may stay as they are. Answers how to take the interceptors out.
 *
 * @example
 * ```ts
 * import { attachAxios } from 'lockjar/axios'
 * import { createClient } from 'lockjar/client'
 * import axios from 'axios'
 *
 * const api = axios.create({ baseURL: '/api' })
 * attachAxios(api, createClient())
 * const { data } = await api.get('/tasks')
 * console.log(data)
 * ```
 */
export function attachAxios<C extends AxiosConfig>(axios: AxiosLike<C>, client: Client): () => void {
  const request = axios.interceptors.request.use(async (config) => {
    const carried: Carried = config
    const begun = client.attempt(axios.getUri(config as never), config.method ?? 'get')
    if (!begun) return withoutOurs(carried) as C
    const attempt = carried[ATTEMPT] ?? begun
    carried[ATTEMPT] = attempt
    config.withCredentials = true
    for (const [name, value] of Object.entries(await attempt.headers())) config.headers.set(name, value)
    return config
  })
  const response = axios.interceptors.response.use(null, async (error) => {
    const { config, problem } = readRefusal<C>(error)
    if (config && problem && (await (config as Carried)[ATTEMPT]?.again(problem)))
      return axios.request(config as never)
    throw error
  })
  return () => {
    axios.interceptors.request.eject(request)
    axios.interceptors.response.eject(response)
  }
}

/** Whoever sends a failed request again may send it elsewhere: what was added for our server stays behind. */
function withoutOurs(config: Carried): AxiosConfig {
  if (!config[ATTEMPT]) return config
  config[ATTEMPT] = undefined
  config.withCredentials = false
  config.headers.set(CSRF_HEADER, false)
  return config
}

/** An `AxiosError` whose answer is a problem document. */
function readRefusal<C>(error: unknown): { readonly config?: C; readonly problem?: Problem } {
  const { config, response } = (error ?? {}) as { config?: C; response?: { data?: unknown } }
  const data = response?.data as Problem | null | undefined
  return { ...(config && { config }), ...(typeof data?.code === 'string' && { problem: data }) }
}
