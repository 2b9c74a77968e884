// How does someone come back in who has lost the password?
import { useAuth } from 'lockjar/react'
import type { ReactElement, SubmitEvent } from 'react'
import { useState } from 'react'
import { call } from './call.ts'
import { Alert, Field } from './field.tsx'
import { MailNote } from './mail-note.tsx'
import { useAction } from './use-action.ts'

interface ForgotProps {
  /** What was typed where one signs in. */
  readonly name: string
  readonly back: () => void
}

export function Forgot({ name, back }: ForgotProps): ReactElement {
  const { fetch } = useAuth()
  const { busy, error, fields, run } = useAction()
  const [sent, setSent] = useState(false)

  const submit = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const email = String(new FormData(event.currentTarget).get('email')).trim()
    setSent(await run(() => call(fetch, 'POST', '/auth/password/forgot', { email })))
  }

  return (
    <form onSubmit={submit} noValidate aria-labelledby="forgot-title">
      <h2 id="forgot-title">Forgot your password?</h2>
      <p>We mail you a link to choose another. It is good for half an hour.</p>
      <MailNote />
      <Alert>{error}</Alert>
      <Field
        label="E-mail"
        name="email"
        type="email"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={254}
        defaultValue={name.includes('@') ? name : ''}
        error={fields.email}
        onChange={() => setSent(false)}
      />
      <div role="status" className="alert-place">
        {sent && <p className="notice">If this address has an account, a link is on its way to it.</p>}
      </div>
      <button type="submit" className="primary" aria-busy={busy} disabled={busy}>
        Send me a link
      </button>
      <button type="button" className="quiet" onClick={back}>
        Back to sign-in
      </button>
    </form>
  )
}
