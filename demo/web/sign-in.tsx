// How does someone come in, with an account or without one yet?
import { useAuth } from 'lockjar/react'
import type { ReactElement, SubmitEvent } from 'react'
import { useState } from 'react'
import { useEndedElsewhere } from './client.ts'
import { Alert, Field, NEW_PASSWORD, PasswordField } from './field.tsx'
import { Forgot } from './forgot.tsx'
import { MailNote } from './mail-note.tsx'
import type { Action } from './use-action.ts'
import { useAction } from './use-action.ts'

type Mode = 'login' | 'register'

export function SignIn(): ReactElement {
  const [mode, setMode] = useState<Mode>('login')
  const action = useAction()
  const wasEnded = useEndedElsewhere()
  /** What stood in the form as the password turned out to be lost. */
  const [forgotten, setForgotten] = useState<string | null>(null)
  const choose = (next: Mode): void => {
    if (next !== mode) action.clear()
    setMode(next)
  }
  return (
    <div className="entrance">
      <div className="pitch">
        <h1>
          The browser holds the key. <em>JavaScript never can.</em>
        </h1>
        <p>
          A small task list behind a real sign-in. Say that you are new here, with any address you like, then
          let this page attack itself and see what a script could carry away.
        </p>
      </div>
      <section className="card sign-in" aria-label="Your account">
        <div role="status">
          {wasEnded && <p className="notice">Your session was ended. Sign in again.</p>}
        </div>
        {forgotten === null ? (
          <>
            <fieldset className="switch" disabled={action.busy}>
              <legend className="unseen">Do you have an account?</legend>
              <ModeChoice mode="login" chosen={mode} choose={choose} label="I have an account" />
              <ModeChoice mode="register" chosen={mode} choose={choose} label="I am new here" />
            </fieldset>
            <SignInForm mode={mode} action={action} forget={setForgotten} />
          </>
        ) : (
          <Forgot name={forgotten} back={() => setForgotten(null)} />
        )}
      </section>
      <ul className="proofs">
        <li>
          <strong>No token reaches a script.</strong> They travel in HttpOnly cookies, and no answer holds
          one.
        </li>
        <li>
          <strong>Signing out means it.</strong> End a session here and it stops working in the other browser
          at once, however long its cookies had left.
        </li>
        <li>
          <strong>Any number of tabs.</strong> They may all call at the same moment; none signs another out.
        </li>
      </ul>
    </div>
  )
}

interface ModeChoiceProps {
  readonly mode: Mode
  readonly chosen: Mode
  readonly choose: (mode: Mode) => void
  readonly label: string
}

function ModeChoice({ mode, chosen, choose, label }: ModeChoiceProps): ReactElement {
  return (
    <button type="button" aria-pressed={mode === chosen} onClick={() => choose(mode)}>
      {label}
    </button>
  )
}

interface SignInFormProps {
  readonly mode: Mode
  readonly action: Action
  /** The password is lost; with what was typed so far. */
  readonly forget: (name: string) => void
}

/** One form for both, so that what was typed stays. */
function SignInForm({ mode, action, forget }: SignInFormProps): ReactElement {
  const { login, register } = useAuth()
  const { busy, error, fields, run } = action
  const isNew = mode === 'register'
  /** Where the server wants the address proved before anything else. */
  const [mailedTo, setMailedTo] = useState<string | null>(null)

  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    setMailedTo(null)
    const form = new FormData(event.currentTarget)
    const name = String(form.get('name')).trim()
    const password = String(form.get('password'))
    const remember = form.has('remember')
    run(async () => {
      if (!isNew) return login({ identifier: name, password, remember })
      if ((await register({ email: name, password, remember })) === null) setMailedTo(name)
    })
  }

  return (
    <form onSubmit={submit} noValidate>
      <Alert>{error}</Alert>
      <Field
        label={isNew ? 'E-mail' : 'E-mail or user name'}
        name="name"
        type={isNew ? 'email' : 'text'}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={254}
        error={isNew ? fields.email : fields.identifier}
      />
      {/* No maxLength on passwords: one that was cut off unseen would be another one. */}
      <PasswordField
        label="Password"
        name="password"
        autoComplete={isNew ? 'new-password' : 'current-password'}
        error={fields.password}
        {...(isNew && { hint: NEW_PASSWORD })}
      />
      <div role="status" className="alert-place">
        {isNew && mailedTo && (
          <>
            <p className="notice">A link is on its way to {mailedTo}. Open it in this browser.</p>
            <MailNote />
          </>
        )}
      </div>
      <label className="check">
        <input type="checkbox" name="remember" />
        <span>Remember me on this device</span>
      </label>
      <button type="submit" className="primary" aria-busy={busy} disabled={busy}>
        {isNew ? 'Create account' : 'Sign in'}
      </button>
      {!isNew && (
        <button
          type="button"
          className="quiet"
          onClick={({ currentTarget: { form } }) =>
            forget(String(new FormData(form ?? undefined).get('name')))
          }
        >
          Forgot your password?
        </button>
      )}
    </form>
  )
}
