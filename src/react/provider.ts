// How does a React tree know who is signed in?
import type { ReactElement, ReactNode } from 'react'
import {
  createContext,
  createElement,
  Suspense,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react'
import type { Client, SignedIn, User } from '../client/index.ts'
import { createClient } from '../client/index.ts'
import type { AuthStore, ReactAuthState } from './store.ts'
import { createAuthStore } from './store.ts'

/** What `useAuth` gives: who is signed in, and what they can do about it. Never a token. */
export type UseAuth = ReactAuthState &
  Omit<Client, 'onChange' | 'me' | 'assume'> & {
    /** Asks the server again who is signed in. */
    reload(): Promise<void>
  }

export interface AuthProviderProps {
  /** Default: a client of the page's own origin. */
  readonly client?: Client
  /**
   * Who is signed in, as the server that rendered the page knows: nothing is asked, and nothing flashes. `null`: nobody. Left out:
   * the page asks the server.
   */
  readonly initial?: SignedIn | null
  /** While the server is asked, `useUser` suspends, and this is shown or what the nearest `<Suspense>` below says. */
  readonly suspense?: ReactNode
  readonly children?: ReactNode
}

interface Provided {
  readonly client: Client
  readonly store: AuthStore
  readonly suspends: boolean
}

const Context = createContext<Provided | null>(null)

/**
 * Knows who is signed in, or asks once, and tells its tree of every change.
 *
 * @example
 * ```tsx
 * import { AuthProvider, useAuth } from 'lockjar/react'
 *
 * function Hello() {
 *   const { status, user } = useAuth()
 *   return <p>{status === 'signedIn' ? `Hello ${user.email}` : 'Please sign in.'}</p>
 * }
 *
 * export const App = () => (
 *   <AuthProvider>
 *     <Hello />
 *   </AuthProvider>
 * )
 * ```
 */
export function AuthProvider({
  client: given,
  initial,
  suspense,
  children,
}: AuthProviderProps): ReactElement {
  const [own] = useState(() => given ?? createClient())
  const client = given ?? own
  // What the server knew is of the first rendering; from then on the client knows better.
  const [first] = useState(initial)
  const store = useMemo(() => createAuthStore(client, first), [client, first])
  useEffect(() => store.start(), [store])
  const suspends = suspense !== undefined
  const value = useMemo(() => ({ client, store, suspends }), [client, store, suspends])
  // The boundary is ours: one above this component would have React forget, with it, who was asked.
  const shown = suspends ? createElement(Suspense, { fallback: suspense }, children) : children
  return createElement(Context.Provider, { value }, shown)
}

function useProvided(): Provided {
  const value = useContext(Context)
  if (!value) throw new TypeError('lockjar: hooks and components need an <AuthProvider> above them')
  return value
}

/** @throws {TypeError} outside of an `AuthProvider`. */
export function useAuth(): UseAuth {
  const { client, store } = useProvided()
  const state = useSyncExternalStore(store.subscribe, store.get, store.first)
  return useMemo(() => {
    const { onChange, me, assume, ...acts } = client
    return { ...acts, ...state, reload: store.reload }
  }, [client, state, store])
}

/**
 * The signed-in user; `null` where there is none, or none is known yet. Under a provider with `suspense` React waits until it is
 * known; a server waits for nothing: it is told by `initial`.
 *
 * @throws {TypeError} outside of an `AuthProvider`.
 */
export function useUser(): User | null {
  const { store, suspends } = useProvided()
  const state = useSyncExternalStore(store.subscribe, store.get, store.first)
  if (suspends && state.status === 'loading' && typeof document === 'object') throw store.reload()
  return state.user
}
