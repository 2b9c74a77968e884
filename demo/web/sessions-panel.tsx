// Where is the user signed in, and how does the user end it?
import type { ListedSession } from 'lockjar/client'
import { useAuth } from 'lockjar/react'
import type { ReactElement } from 'react'
import { useCallback, useEffect, useState } from 'react'
import { describeAgent, describeTime } from './describe.ts'
import { Alert } from './field.tsx'
import { useAction } from './use-action.ts'

export function SessionsPanel(): ReactElement {
  const { sessions: read, revokeSession, revokeOtherSessions, logoutAll, logout } = useAuth()
  const [sessions, setSessions] = useState<readonly ListedSession[] | null>(null)
  const { busy, error, run } = useAction()

  const load = useCallback(async (): Promise<void> => setSessions(await read()), [read])
  // biome-ignore lint/correctness/useExhaustiveDependencies: `run` is made anew each time; the list is read once.
  useEffect(() => {
    run(load)
  }, [load])

  const end = ({ id, current }: ListedSession): Promise<boolean> =>
    run(async () => {
      if (current) return logout()
      await revokeSession(id)
      await load()
    })
  const endOthers = (): Promise<boolean> =>
    run(async () => {
      await revokeOtherSessions()
      await load()
    })

  return (
    <section className="panel narrow" aria-labelledby="sessions-title">
      <div className="panel-head">
        <h1 id="sessions-title">Sessions</h1>
        {sessions && (
          <p className="count">{sessions.length === 1 ? '1 browser' : `${sessions.length} browsers`}</p>
        )}
      </div>
      <p>
        Every browser in which you are signed in. One that you end here is out at once: what its cookies hold
        is refused everywhere, although it has not expired.
      </p>
      <Alert>{error}</Alert>
      {sessions && (
        <ul className="sessions card" data-testid="session-list">
          {sessions.map((session) => (
            <SessionItem key={session.id} session={session} busy={busy} end={end} />
          ))}
        </ul>
      )}
      <div className="actions">
        <button type="button" disabled={busy || !sessions || sessions.length < 2} onClick={endOthers}>
          Sign out all others
        </button>
        <button type="button" className="danger" disabled={busy} onClick={() => run(logoutAll)}>
          Sign out everywhere
        </button>
      </div>
    </section>
  )
}

interface SessionItemProps {
  readonly session: ListedSession
  readonly busy: boolean
  readonly end: (session: ListedSession) => void
}

function SessionItem({ session, busy, end }: SessionItemProps): ReactElement {
  const agent = describeAgent(session.userAgent)
  return (
    <li className="session" data-testid="session-item">
      <div className="session-facts">
        <p className="session-agent">
          <strong>{agent}</strong>
          {session.current && <span className="badge good">this browser</span>}
          {session.remember && <span className="badge">remembered</span>}
        </p>
        <p className="hint">
          Last seen <time dateTime={session.lastSeenAt}>{describeTime(session.lastSeenAt)}</time>
          {session.ip && ` from ${session.ip}`} · signed in{' '}
          <time dateTime={session.createdAt}>{describeTime(session.createdAt)}</time>
        </p>
      </div>
      <button
        type="button"
        className="quiet"
        disabled={busy}
        aria-label={session.current ? 'End this session, of this browser' : `End the session of ${agent}`}
        onClick={() => end(session)}
      >
        End
      </button>
    </li>
  )
}
