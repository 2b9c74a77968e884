// How does a React tree know who is signed in?
import type { ReactElement, ReactNode } from 'react'
import { createContext, createElement, useCallback, useContext, useEffect, useMemo, useState } from 'react'
import type { AuthState, Client } from '../client/index.ts'
import { createClient } from '../client/index.ts'

export type { AuthState, Client, Session, User } from '../client/index.ts'
export { AuthProblem } from '../client/index.ts'

/** `loading` until the server has said who is signed in; `unreachable` where it could not be asked, see `reload`. */
export type ReactAuthState =
  | AuthState
  | { readonly status: 'loading'; readonly user: null; readonly session: null }
  | { readonly status: 'unreachable'; readonly user: null; readonly session: null }

/** What `useAuth` gives: who is signed in, and what they can do about it. Never a token. */
export type UseAuth = ReactAuthState &
  Omit<Client, 'onChange' | 'me'> & {
    /** Asks the server again who is signed in. */
    reload(): Promise<void>
  }

export interface AuthProviderProps {
  /** Default: a client of the page's own origin. */
  readonly client?: Client
  readonly children?: ReactNode
}

const LOADING: ReactAuthState = { status: 'loading', user: null, session: null }
const UNREACHABLE: ReactAuthState = { status: 'unreachable', user: null, session: null }

const Context = createContext<UseAuth | null>(null)

/**
 * Asks once who is signed in and tells its tree of every change.
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
export function AuthProvider({ client: given, children }: AuthProviderProps): ReactElement {
  const client = useMemo(() => given ?? createClient(), [given])
  const [state, setState] = useState<ReactAuthState>(LOADING)

  const reload = useCallback(async (): Promise<void> => {
    try {
      await client.me()
    } catch {
      // It says nothing about who is signed in: whoever was known to be is left so.
      setState((present) => (present.status === 'signedIn' ? present : UNREACHABLE))
    }
  }, [client])

  useEffect(() => {
    const stop = client.onChange(setState)
    void reload()
    return stop
  }, [client, reload])

  const value = useMemo((): UseAuth => ({ ...client, ...state, reload }), [client, state, reload])
  return createElement(Context.Provider, { value }, children)
}

/** @throws {TypeError} outside of an `AuthProvider`. */
export function useAuth(): UseAuth {
  const value = useContext(Context)
  if (!value) throw new TypeError('useAuth needs an <AuthProvider> above it')
  return value
}
