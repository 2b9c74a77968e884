// What is a task, where is it kept, and whose is it?
import { AuthError } from 'lockjar'

export interface Task {
  readonly id: string
  readonly title: string
  readonly done: boolean
}

export interface NewTask {
  readonly title: string
}

export interface TaskChange {
  readonly title?: string
  readonly done?: boolean
}

/** Every call names the user: another's task is as good as none. */
export interface Tasks {
  list(userId: string): Promise<readonly Task[]>
  /** @throws {AuthError} `conflict` when the list is full. */
  add(userId: string, task: NewTask): Promise<Task>
  /** `null` where the user has no such task. */
  change(userId: string, id: string, change: TaskChange): Promise<Task | null>
  /** Whether there was one. */
  remove(userId: string, id: string): Promise<boolean>
  close(): Promise<void>
}

const LONGEST_TITLE = 200
export const LONGEST_LIST = 500

/** `database` as Lockjar takes it: the tasks stand beside Lockjar's own tables, and go with their user. */
export async function openTasks(database: string): Promise<Tasks> {
  if (/^postgres(?:ql)?:/i.test(database)) {
    const { openPostgresTasks } = await import('./tasks-in-postgres.ts')
    return openPostgresTasks(database)
  }
  const { openSqliteTasks } = await import('./tasks-in-sqlite.ts')
  return openSqliteTasks(database)
}

/** Of a list that is full. */
export const full = (): AuthError =>
  new AuthError('conflict', { detail: `A list holds ${LONGEST_LIST} tasks; delete some first.` })

export const toTask = ({ id, title, done }: Record<string, unknown>): Task => ({
  id: String(id),
  title: String(title),
  done: done === 1,
})

/** @throws {AuthError} `validation_failed`. */
export function parseNewTask(body: unknown): NewTask {
  const { title } = fields(body, ['title'])
  return { title: toTitle(title) }
}

/** @throws {AuthError} `validation_failed`. */
export function parseChange(body: unknown): TaskChange {
  const { title, done } = fields(body, ['title', 'done'])
  if (title === undefined && done === undefined) throw invalid('', 'Send title, done or both.')
  if (done !== undefined && typeof done !== 'boolean') throw invalid('done', 'Send true or false.')
  return { ...(title !== undefined && { title: toTitle(title) }), ...(done !== undefined && { done }) }
}

function fields(body: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid('', 'Send a JSON object.')
  }
  const stranger = Object.keys(body).find((key) => !known.includes(key))
  if (stranger !== undefined) throw invalid('', `The only fields are ${known.join(', ')}.`)
  return { ...body }
}

function toTitle(value: unknown): string {
  const title = typeof value === 'string' ? value.trim() : ''
  if (title === '') throw invalid('title', 'Write what is to be done.')
  if ([...title].length > LONGEST_TITLE) throw invalid('title', `Use at most ${LONGEST_TITLE} characters.`)
  if (!title.isWellFormed() || /\p{Cc}/u.test(title)) throw invalid('title', 'Write plain text, on one line.')
  return title
}

function invalid(field: string, message: string): AuthError {
  return new AuthError('validation_failed', { errors: [{ field, code: 'invalid', message }] })
}
