// How does a form ask for one thing, and say what is wrong with the answer?
import type { ComponentProps, ReactElement, ReactNode } from 'react'
import { useId, useState } from 'react'

interface FieldProps extends Omit<ComponentProps<'input'>, 'id'> {
  readonly label: string
  readonly hint?: string
  readonly error?: string | undefined
  readonly after?: ReactNode
}

export function Field({ label, hint, error, after, ...input }: FieldProps): ReactElement {
  const id = useId()
  const notes = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="field-row">
        <input
          id={id}
          aria-invalid={error ? true : undefined}
          aria-describedby={notes || undefined}
          {...input}
        />
        {after}
      </div>
      {hint && (
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
