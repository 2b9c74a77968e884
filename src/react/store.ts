// Who is signed in, in the form in which React reads it?
import type { AuthState, Client, SignedIn } from '../client/index.ts'

/** `loading` until the server has said who is signed in; `unreachable` where it could not be asked, see `reload`. */
export type ReactAuthState =
  | AuthState
  | { readonly status: 'loading'; readonly user: null; readonly session: null }
  | { readonly status: 'unreachable'; readonly user: null; readonly session: null }

export interface AuthStore {
  get(): ReactAuthState
  /** What the server rendered with: a part of the page that React takes over late begins with that, whatever has happened since. */
  first(): ReactAuthState
  subscribe(listener: () => void): () => void
  /** Asks the server who is signed in; once for all who ask at the same time. */
  reload(): Promise<void>
  /** From now on the page's client is heard. Answers how to stop. */
  start(): () => void
}

const LOADING: ReactAuthState = { status: 'loading', user: null, session: null }
const UNREACHABLE: ReactAuthState = { status: 'unreachable', user: null, session: null }
const SIGNED_OUT: ReactAuthState = { status: 'signedOut', user: null, session: null }

/** `initial`: what the server that rendered the page knows, or `undefined` where the page has to ask. */
export function createAuthStore(client: Client, initial: SignedIn | null | undefined): AuthStore {
  const listeners = new Set<() => void>()
  let state: ReactAuthState = initial
    ? { status: 'signedIn', ...initial }
    : initial === null
      ? SIGNED_OUT
      : LOADING
  const first = state
  let asking: Promise<void> | undefined

  const tell = (next: ReactAuthState): void => {
    state = next
    for (const listener of listeners) listener()
  }
  const reload = (): Promise<void> => {
    asking ??= client
      .me()
      .then((known) => {
        // Nobody listens to the client before the first effect: then this is how the answer is heard.
        if (state.status === 'loading') tell(known ? { status: 'signedIn', ...known } : SIGNED_OUT)
      })
      .catch(() => {
        // It says nothing about who is signed in: whoever was known to be is left so.
        if (state.status !== 'signedIn') tell(UNREACHABLE)
      })
      .finally(() => {
        asking = undefined
      })
    return asking
  }

  return {
    get: () => state,
    first: () => first,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    reload,
    start() {
      const stop = client.onChange(tell)
      // Whoever starts again, or anew with a client that has heard of others since, is told who is there now.
      if (initial !== undefined && state.status !== 'loading') client.assume(initial)
      if (state.status === 'loading') void reload()
      return stop
    },
  }
}
