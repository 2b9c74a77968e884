// What does the page show, to whom?
import { useAuth } from 'lockjar/react'
import type { ReactElement } from 'react'
import { useEffect, useState } from 'react'
import { AccountPanel } from './account-panel.tsx'
import { AttackPanel } from './attack-panel.tsx'
import { Alert } from './field.tsx'
import { Logo } from './logo.tsx'
import { SessionsPanel } from './sessions-panel.tsx'
import { SignIn } from './sign-in.tsx'
import { TasksPanel } from './tasks-panel.tsx'
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
  return status === 'signedIn' ? <SignedIn /> : <SignedOut />
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
        <Who />
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

function Who(): ReactElement {
  const { user, logout } = useAuth()
  const [failed, setFailed] = useState(false)
  const leave = (): void => {
    setFailed(false)
    logout().catch(() => setFailed(true))
  }
  return (
    <>
      <div className="who">
        <span className="who-email" data-testid="user-email">
          {user?.email}
        </span>
        <button type="button" className="quiet" onClick={leave}>
          Sign out
        </button>
      </div>
      <div className="bar-alert">
        <Alert>{failed && 'Not signed out: the server cannot be reached.'}</Alert>
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
