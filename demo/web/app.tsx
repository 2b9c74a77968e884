// What does the page show, to whom?
import { useAuth } from 'lockjar/react'
import type { ReactElement } from 'react'
import { useEffect, useState } from 'react'
import { AccountPanel } from './account-panel.tsx'
import { AttackPanel } from './attack-panel.tsx'
import { useAnswers } from './client.ts'
import { Alert } from './field.tsx'
import { Logo } from './logo.tsx'
import { SessionsPanel } from './sessions-panel.tsx'
import { SignIn } from './sign-in.tsx'
import { TasksPanel } from './tasks-panel.tsx'
import { useAction } from './use-action.ts'
import { useTasks } from './use-tasks.ts'

const VIEWS = {
  tasks: 'Tasks',
  sessions: 'Sessions',
  account: 'Account',
  attack: 'Attack this page',
} as const
type View = keyof typeof VIEWS

export function App(): ReactElement {
  const { status } = useAuth()
  if (status === 'loading') return <p className="loading">One moment …</p>
  if (status === 'unreachable') return <Unreachable />
  return status === 'signedIn' ? <SignedIn /> : <SignedOut />
}

function Unreachable(): ReactElement {
  const { reload } = useAuth()
  const { busy, run } = useAction()
  const [tries, setTries] = useState(0)
  const again = async (): Promise<void> => {
    await run(reload)
    setTries(tries + 1)
  }
  return (
    <>
      <header className="bar">
        <Brand />
      </header>
      <main>
        <section className="narrow card stack" aria-labelledby="unreachable-title">
          <h1 id="unreachable-title">The server cannot be reached.</h1>
          <p>Perhaps it is being restarted, or you are offline. If you were signed in, you still are.</p>
          <div className="actions">
            <button type="button" className="primary" aria-busy={busy} disabled={busy} onClick={again}>
              Try again
            </button>
            <p role="status">{tries > 0 && !busy && 'Still no answer.'}</p>
          </div>
        </section>
      </main>
    </>
  )
}

function SignedOut(): ReactElement {
  return (
    <>
      <header className="bar">
        <Brand />
      </header>
      <main>
        <SignIn />
        <AttackPanel />
      </main>
    </>
  )
}

function SignedIn(): ReactElement {
  const view = useView()
  const tasks = useTasks()
  return (
    <>
      <header className="bar">
        <Brand />
        <Who view={view} />
        <nav aria-label="Views">
          {Object.entries(VIEWS).map(([name, label]) => (
            <a key={name} href={`#${name}`} aria-current={name === view ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
      </header>
      <main>
        {view === 'tasks' && <TasksPanel tasks={tasks} />}
        {view === 'sessions' && <SessionsPanel />}
        {view === 'account' && <AccountPanel />}
        {view === 'attack' && <AttackPanel />}
      </main>
    </>
  )
}

function Brand(): ReactElement {
  return (
    <p className="brand">
      <Logo />
      Lockjar <span className="brand-note">demo</span>
    </p>
  )
}

function Who({ view }: { readonly view: View }): ReactElement {
  const { user, logout } = useAuth()
  const [problem, setProblem] = useState<string | null>(null)
  const { busy, run } = useAction(setProblem)
  const answers = useAnswers()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a problem is over once anything has worked, or at another view.
  useEffect(() => setProblem(null), [view, answers])
  return (
    <>
      <div className="who">
        <span className="who-email" data-testid="user-email" title={user?.email}>
          {user?.email}
        </span>
        <button type="button" className="quiet" disabled={busy} onClick={() => run(logout)}>
          Sign out
        </button>
      </div>
      <div className="bar-alert">
        <Alert>{problem && `Not signed out: ${problem.charAt(0).toLowerCase()}${problem.slice(1)}`}</Alert>
      </div>
    </>
  )
}

/** The view is in the address after `#`, so that reloading and going back do what they should. */
function useView(): View {
  const [view, setView] = useState(viewOf)
  useEffect(() => {
    const follow = (): void => setView(viewOf())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return view
}

function viewOf(): View {
  const name = location.hash.slice(1)
  return Object.hasOwn(VIEWS, name) ? (name as View) : 'tasks'
}
