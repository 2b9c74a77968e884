// Which part of a page is shown to whom?
import type { ReactNode } from 'react'
import type { User } from '../client/index.ts'
import { useAuth } from './provider.ts'

export interface SignedInProps {
  readonly children?: ReactNode | ((user: User) => ReactNode)
}

/** Shows its children to whoever is signed in; a function is given the user. */
export function SignedIn({ children }: SignedInProps): ReactNode {
  const { user } = useAuth()
  if (!user) return null
  return typeof children === 'function' ? children(user) : children
}

/** Shows its children once it is known that nobody is signed in: nothing flashes while the server is asked. */
export function SignedOut({ children }: { readonly children?: ReactNode }): ReactNode {
  return useAuth().status === 'signedOut' ? children : null
}

export interface RequireAuthProps extends SignedInProps {
  /** Shown where nobody is signed in: the sign-in form, or what leads there. */
  readonly fallback?: ReactNode
  /** Shown while the server is asked. */
  readonly loading?: ReactNode
  /** Shown where the server cannot be reached; `reload` of `useAuth` asks again. Default: as `loading`. */
  readonly unreachable?: ReactNode
  /** A role that the user must have. What is shown is a courtesy: the server decides what they may do. */
  readonly role?: string
  /** Shown to a user without the role. */
  readonly forbidden?: ReactNode
}

/**
 * Shows its children to whoever is signed in, and something else to everybody else.
 *
 * @example
 * ```tsx
 * import { AuthProvider, RequireAuth } from 'lockjar/react'
 *
 * export const App = () => (
 *   <AuthProvider>
 *     <RequireAuth loading={<p>One moment…</p>} fallback={<a href="/sign-in">Sign in</a>}>
 *       {(user) => <h1>Welcome, {user.name ?? user.email}</h1>}
 *     </RequireAuth>
 *   </AuthProvider>
 * )
 * ```
 */
export function RequireAuth(props: RequireAuthProps): ReactNode {
  const { fallback = null, loading = null, unreachable = loading, role, forbidden = null, children } = props
  const { status, user } = useAuth()
  if (status === 'loading') return loading
  if (status === 'unreachable') return unreachable
  if (status === 'signedOut') return fallback
  if (role !== undefined && !user.roles.includes(role)) return forbidden
  return typeof children === 'function' ? children(user) : children
}
