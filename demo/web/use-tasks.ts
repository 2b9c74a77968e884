// Which tasks are there, and how do they change?
import { AuthProblem, useAuth } from 'lockjar/react'
import { useCallback, useEffect, useState } from 'react'
import { call } from './call.ts'
import { explain } from './use-action.ts'

export interface Task {
  readonly id: string
  readonly title: string
  readonly done: boolean
}

export interface TaskList {
  /** `null` until they have come. */
  readonly tasks: readonly Task[] | null
  /** Why they did not come. */
  readonly error: string | null
  add(title: string): Promise<void>
  change(id: string, change: { readonly title?: string; readonly done?: boolean }): Promise<void>
  remove(id: string): Promise<void>
}

export function useTasks(): TaskList {
  const { fetch } = useAuth()
  const [tasks, setTasks] = useState<readonly Task[] | null>(null)
  const [error, setError] = useState<string | null>(null)

  const load = useCallback(async (): Promise<void> => {
    try {
      const answer = await call<{ tasks: readonly Task[] }>(fetch, 'GET', '/api/tasks')
      setTasks(answer.tasks)
      setError(null)
    } catch (error) {
      setError(explain(error))
    }
  }, [fetch])

  // Another tab may have changed them meanwhile.
  useEffect(() => {
    load()
    addEventListener('focus', load)
    return () => removeEventListener('focus', load)
  }, [load])

  return {
    tasks,
    error,
    async add(title) {
      const { task } = await call<{ task: Task }>(fetch, 'POST', '/api/tasks', { title })
      setTasks((present) => [...(present ?? []), task])
      setError(null)
    },
    async change(id, change) {
      const before = tasks?.find((one) => one.id === id)
      const show = (task: Task): void =>
        setTasks((present) => (present ?? []).map((one) => (one.id === id ? task : one)))
      // Shown at once, and taken back where it is refused.
      if (before) show({ ...before, ...change })
      try {
        show((await call<{ task: Task }>(fetch, 'PATCH', `/api/tasks/${id}`, change)).task)
        setError(null)
      } catch (error) {
        if (before) show(before)
        throw error
      }
    },
    async remove(id) {
      await call(fetch, 'DELETE', `/api/tasks/${id}`).catch(ignoreMissing)
      setTasks((present) => (present ?? []).filter((one) => one.id !== id))
      setError(null)
    },
  }
}

/** Deleted before, perhaps in another tab: that is what was wanted. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof AuthProblem) || error.status !== 404) throw error
}
