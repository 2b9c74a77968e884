// Is the thing that a button started still on its way, and what went wrong?
import { AuthProblem } from 'lockjar/react'
import { useState } from 'react'

export interface Action {
  readonly busy: boolean
  /** What is wrong in general, as a sentence; `null` where nothing is, or where fields say it. */
  readonly error: string | null
  /** What is wrong with one field, by its name. */
  readonly fields: Readonly<Record<string, string>>
  /** Answers whether it went well. */
  run(work: () => Promise<unknown>): Promise<boolean>
}

const CALM = { busy: false, error: null, fields: {} }

export function useAction(): Action {
  const [state, setState] = useState<Omit<Action, 'run'>>(CALM)
  return {
    ...state,
    async run(work) {
      setState({ ...CALM, busy: true })
      try {
        await work()
        setState(CALM)
        return true
      } catch (error) {
        const fields = error instanceof AuthProblem ? error.fields : {}
        setState({ busy: false, fields, error: Object.keys(fields).length > 0 ? null : explain(error) })
        return false
      }
    },
  }
}

export function explain(error: unknown): string {
  if (!(error instanceof AuthProblem)) return 'The server cannot be reached. Is it running?'
  return error.code === 'invalid_credentials' ? 'That name and password do not go together.' : error.message
}
