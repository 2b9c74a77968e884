// Where is the user signed in, and what can they do about it?
import { useCallback, useEffect, useState } from 'react'
import type { ListedSession } from '../client/index.ts'
import { useAuth } from './provider.ts'

export interface UseSessions {
  /** The one seen last first; `null` until they are known, and where nobody is signed in. */
  readonly sessions: readonly ListedSession[] | null
  /** Why they are not known. */
  readonly error: unknown
  reload(): Promise<void>
  /** Ends one; one's own is a sign-out. */
  revoke(id: string): Promise<void>
  revokeOthers(): Promise<void>
}

interface Known extends Pick<UseSessions, 'sessions' | 'error'> {
  /** Id of the session that asked: what it was told is not for whoever signs in after it. */
  readonly by: string | undefined
}

const NOTHING: Known = { by: undefined, sessions: null, error: null }

/** @throws {TypeError} outside of an `AuthProvider`. */
export function useSessions(): UseSessions {
  const { session, sessions: list, revokeSession, revokeOtherSessions, reload: reloadUser } = useAuth()
  const [known, setKnown] = useState(NOTHING)
  const own = session?.id
  const { sessions, error } = known.by === own ? known : NOTHING

  const load = useCallback(async (): Promise<Known> => {
    if (own === undefined) return NOTHING
    return list().then(
      (sessions) => ({ by: own, sessions, error: null }),
      (error: unknown) => ({ by: own, sessions: null, error }),
    )
  }, [list, own])
  const reload = useCallback(async () => setKnown(await load()), [load])

  useEffect(() => {
    let isShown = true
    void load().then((next) => isShown && setKnown(next))
    return () => {
      isShown = false
    }
  }, [load])

  return {
    sessions,
    error,
    reload,
    async revoke(id) {
      await revokeSession(id)
      await (id === own ? reloadUser() : reload())
    },
    async revokeOthers() {
      await revokeOtherSessions()
      await reload()
    },
  }
}
