// What does the user change about the account, the password too, and how does the user leave for good?
import { useAuth } from 'lockjar/react'
import type { ReactElement, SubmitEvent } from 'react'
import { useState } from 'react'
import { call } from './call.ts'
import { Alert, Field, NEW_PASSWORD, PasswordField } from './field.tsx'
import { MailNote } from './mail-note.tsx'
import { useAction } from './use-action.ts'

export function AccountPanel(): ReactElement {
  return (
    <section className="panel narrow" aria-labelledby="account-title">
      <div className="panel-head">
        <h1 id="account-title">Account</h1>
      </div>
      <Address />
      <Profile />
      <Password />
      <Leave />
    </section>
  )
}

/** Nothing, once it is proved. */
function Address(): ReactElement | null {
  const { user, fetch } = useAuth()
  const { busy, error, run } = useAction()
  const [sent, setSent] = useState(false)
  if (!user || user.emailVerified) return null
  const send = async (): Promise<void> =>
    setSent(await run(() => call(fetch, 'POST', '/auth/email/verify/request')))
  return (
    <section className="card stack" aria-labelledby="address-title">
      <h2 id="address-title">Verify your address</h2>
      <p>We have not seen yet that {user.email} is yours. Open the link in our mail, in this browser.</p>
      <MailNote />
      <Alert>{error}</Alert>
      <div className="actions">
        <button type="button" aria-busy={busy} disabled={busy} onClick={send}>
          Send the link again
        </button>
        <p role="status">{sent && 'Sent.'}</p>
      </div>
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
        hint="You may sign in with it too."
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

function Password(): ReactElement {
  const { user, changePassword } = useAuth()
  const { busy, error, fields, run } = useAction()
  const [changed, setChanged] = useState(false)

  const submit = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget
    const entries = new FormData(form)
    const read = (name: string): string => String(entries.get(name))
    setChanged(false)
    const done = await run(() => changePassword(read('currentPassword'), read('newPassword')))
    if (done) form.reset()
    setChanged(done)
  }

  return (
    <form className="card stack" onSubmit={submit} noValidate aria-labelledby="password-title">
      <h2 id="password-title">Password</h2>
      <p>A new password signs you out in every other browser. Here you stay signed in.</p>
      <Alert>{explainPassword(error)}</Alert>
      <PasswordOwner email={user?.email} />
      <PasswordField
        label="Current password"
        name="currentPassword"
        autoComplete="current-password"
        error={fields.currentPassword}
        onChange={() => setChanged(false)}
      />
      <PasswordField
        label="New password"
        name="newPassword"
        autoComplete="new-password"
        hint={NEW_PASSWORD}
        error={fields.newPassword}
        onChange={() => setChanged(false)}
      />
      <div className="actions">
        <button type="submit" className="primary" aria-busy={busy} disabled={busy}>
          Change password
        </button>
        <p role="status">{changed && 'Changed.'}</p>
      </div>
    </form>
  )
}

/** Tells a password manager whose password it is. */
function PasswordOwner({ email }: { readonly email: string | undefined }): ReactElement {
  return <input hidden name="username" autoComplete="username" readOnly value={email ?? ''} />
}

/** Only the password was asked for, so it is what is wrong. */
function explainPassword(error: string | null): string | null {
  return error?.startsWith('That name') ? 'That is not your password.' : error
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
      <Alert>{explainPassword(error)}</Alert>
      <PasswordOwner email={user?.email} />
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
