// How does a form ask for one thing, and say what is wrong with the answer?
import type { ComponentProps, ReactElement, ReactNode } from 'react'
import { useId, useState } from 'react'

/** Beside a password that is chosen. */
export const NEW_PASSWORD =
  'At least 8 characters. A few unrelated words are easy to remember and hard to guess.'

interface FieldProps extends Omit<ComponentProps<'input'>, 'id'> {
  readonly label: string
  /** Gives way to an error, which says the same more exactly. */
  readonly hint?: string
  readonly error?: string | undefined
  readonly after?: ReactNode
}

export function Field({ label, hint, error, after, ...input }: FieldProps): ReactElement {
  const id = useId()
  const note = error ? `${id}-error` : hint && `${id}-hint`
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="field-row">
        <input id={id} aria-invalid={error ? true : undefined} aria-describedby={note} {...input} />
        {after}
      </div>
      {hint && !error && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  )
}

export function PasswordField(props: FieldProps): ReactElement {
  const [shown, setShown] = useState(false)
  const toggle = (
    <button
      type="button"
      className="quiet"
      aria-pressed={shown}
      aria-label={shown ? 'Hide what you type' : 'Show what you type'}
      onClick={() => setShown(!shown)}
    >
      {shown ? 'Hide' : 'Show'}
    </button>
  )
  return (
    <Field
      {...props}
      type={shown ? 'text' : 'password'}
      autoCapitalize="none"
      spellCheck={false}
      after={toggle}
    />
  )
}

/** Always in the page, so that a screen reader hears what appears in it. */
export function Alert({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <div role="alert" className="alert-place">
      {children && <p className="alert">{children}</p>}
    </div>
  )
}
