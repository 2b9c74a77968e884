// How does a form send what was typed, and say what was refused beside the field it concerns?
import { useId, useRef, useState } from 'react'
import { AuthProblem } from '../client/index.ts'

/** What was typed, by the names of the form's fields. */
export type FormValues = Readonly<Partial<Record<string, string>>>

export interface AuthForm {
  /** What was sent is on its way. */
  readonly busy: boolean
  /** What is wrong in general, as a sentence; `null` where nothing is, or where the fields say it. */
  readonly error: string | null
  /** What is wrong with a field, by its name. */
  readonly fields: Readonly<Record<string, string>>
  onSubmit(event: FormEvent): void
  /** Properties of the input of this name. */
  field(name: string): {
    readonly name: string
    readonly 'aria-invalid': boolean | undefined
    readonly 'aria-describedby': string | undefined
  }
  /** Properties of the element beside it that says what is wrong. */
  message(name: string): {
    readonly id: string
    readonly role: 'alert'
    readonly children: string | undefined
  }
}

/** As much of React's event as is needed. */
export interface FormEvent {
  preventDefault(): void
  readonly currentTarget: HTMLFormElement
}

interface Outcome {
  readonly busy: boolean
  readonly error: string | null
  readonly fields: Readonly<Record<string, string>>
}

const CALM: Outcome = { busy: false, error: null, fields: {} }

/**
 * `submit` is given what was typed. A refusal is shown beside its field, and the first such field gets the focus. A form that is on
 * its way is not sent twice.
 *
 * @example
 * ```tsx
 * import { useAuth, useAuthForm } from 'lockjar/react'
 *
 * export function SignIn() {
 *   const { login } = useAuth()
 *   const form = useAuthForm(({ identifier = '', password = '', remember }) =>
 *     login({ identifier, password, remember: remember === 'on' }),
 *   )
 *   return (
 *     <form onSubmit={form.onSubmit}>
 *       <label>
 *         E-mail or user name <input {...form.field('identifier')} autoComplete="username" />
 *       </label>
 *       <p {...form.message('identifier')} />
 *       <label>
 *         Password <input {...form.field('password')} type="password" autoComplete="current-password" />
 *       </label>
 *       <p {...form.message('password')} />
 *       <p role="alert">{form.error}</p>
 *       <button disabled={form.busy}>Sign in</button>
 *     </form>
 *   )
 * }
 * ```
 */
export function useAuthForm(submit: (values: FormValues) => Promise<unknown>): AuthForm {
  const [outcome, setOutcome] = useState(CALM)
  const isBusy = useRef(false)
  const id = useId()

  async function send(form: HTMLFormElement): Promise<void> {
    isBusy.current = true
    setOutcome({ ...CALM, busy: true })
    try {
      await submit(valuesOf(form))
      setOutcome(CALM)
    } catch (error) {
      const { fields } = refusalOf(error)
      setOutcome(refusalOf(error))
      const [first] = Object.keys(fields)
      if (first !== undefined) form.querySelector<HTMLElement>(`[name="${CSS.escape(first)}"]`)?.focus()
    } finally {
      isBusy.current = false
    }
  }

  return {
    ...outcome,
    onSubmit(event) {
      event.preventDefault()
      if (!isBusy.current) void send(event.currentTarget)
    },
    field(name) {
      const isRefused = outcome.fields[name] !== undefined
      return {
        name,
        'aria-invalid': isRefused || undefined,
        'aria-describedby': isRefused ? `${id}-${name}` : undefined,
      }
    },
    message: (name) => ({ id: `${id}-${name}`, role: 'alert', children: outcome.fields[name] }),
  }
}

function valuesOf(form: HTMLFormElement): FormValues {
  const texts = [...new FormData(form)].filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(texts)
}

function refusalOf(error: unknown): Outcome {
  if (!(error instanceof AuthProblem)) return { ...CALM, error: 'The server cannot be reached.' }
  const { fields, message } = error
  return { busy: false, fields, error: Object.keys(fields).length > 0 ? null : message }
}
