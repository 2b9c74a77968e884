// What does the user change about the account, and how does the user leave for good?
import { useAuth } from 'lockjar/react'
import type { ReactElement, SubmitEvent } from 'react'
import { useState } from 'react'
import { Alert, Field, PasswordField } from './field.tsx'
import { useAction } from './use-action.ts'

export function AccountPanel(): ReactElement {
  return (
    <section className="panel narrow" aria-labelledby="account-title">
      <div className="panel-head">
        <h1 id="account-title">Account</h1>
      </div>
      <Profile />
      <Leave />
    </section>
  )
}

function Profile(): ReactElement {
  const { user, updateMe } = useAuth()
  const { busy, error, fields, run } = useAction()
  const [saved, setSaved] = useState(false)

  const submit = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const read = (name: string): string | null => String(form.get(name)).trim() || null
    setSaved(false)
    setSaved(await run(() => updateMe({ name: read('name'), username: read('username') })))
  }

  return (
    <form className="card stack" onSubmit={submit} noValidate aria-labelledby="profile-title">
      <h2 id="profile-title">Profile</h2>
      <Alert>{error}</Alert>
      <Field
        label="Name"
        name="name"
        autoComplete="name"
        maxLength={100}
        defaultValue={user?.name ?? ''}
        error={fields.name}
        onChange={() => setSaved(false)}
      />
      <Field
        label="User name"
        name="username"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={254}
        defaultValue={user?.username ?? ''}
        hint="You may sign in with it instead of your e-mail address."
        error={fields.username}
        onChange={() => setSaved(false)}
      />
      <div className="actions">
        <button type="submit" className="primary" aria-busy={busy} disabled={busy}>
          Save
        </button>
        <p role="status">{saved && 'Saved.'}</p>
      </div>
    </form>
  )
}

function Leave(): ReactElement {
  const { user, deleteMe } = useAuth()
  const { busy, error, fields, run } = useAction()
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const password = String(new FormData(event.currentTarget).get('password'))
    run(() => deleteMe(password))
  }
  return (
    <form className="card stack" onSubmit={submit} noValidate aria-labelledby="leave-title">
      <h2 id="leave-title">Delete the account</h2>
      <p>Your account, your sessions and your tasks are deleted at once. There is no way back.</p>
      <Alert>{error && (error.startsWith('That name') ? 'That is not your password.' : error)}</Alert>
      {/* Tells a password manager whose password it is. */}
      <input hidden name="username" autoComplete="username" readOnly value={user?.email ?? ''} />
      <PasswordField
        label="Password"
        name="password"
        autoComplete="current-password"
        error={fields.password}
      />
      <div className="actions">
        <button type="submit" className="danger" aria-busy={busy} disabled={busy}>
          Delete account
        </button>
      </div>
    </form>
  )
}
