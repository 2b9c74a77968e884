// Is the thing that a button started still on its way, and what went wrong?
import { AuthProblem } from 'lockjar/react'
import { useRef, useState } from 'react'

export interface Action {
  readonly busy: boolean
  /** What is wrong in general, as a sentence; `null` where nothing is, or where fields say it. */
  readonly error: string | null
  /** What is wrong with one field, by its name. */
  readonly fields: Readonly<Record<string, string>>
  /** Answers whether it went well. Does nothing while the last one is on its way. */
  run(work: () => Promise<unknown>): Promise<boolean>
  /** What was wrong is being put right. */
  clear(): void
}

const CALM = { busy: false, error: null, fields: {} }

/** `tell` hears what is wrong, in general or with a field; `null` when something is started. */
export function useAction(tell?: (problem: string | null) => void): Action {
  const [state, setState] = useState<Omit<Action, 'run' | 'clear'>>(CALM)
  const going = useRef(false)
  return {
    ...state,
    async run(work) {
      if (going.current) return false
      going.current = true
      setState({ ...CALM, busy: true })
      tell?.(null)
      try {
        await work()
        setState(CALM)
        return true
      } catch (error) {
        const fields = error instanceof AuthProblem ? error.fields : {}
        setState({ busy: false, fields, error: Object.keys(fields).length > 0 ? null : explain(error) })
        tell?.(Object.values(fields)[0] ?? explain(error))
        return false
      } finally {
        going.current = false
      }
    },
    clear: () => setState((present) => (present.busy ? present : CALM)),
  }
}

export function explain(error: unknown): string {
  if (!(error instanceof AuthProblem)) return 'The server cannot be reached.'
  return error.code === 'invalid_credentials' ? 'That name and password do not go together.' : error.message
}
