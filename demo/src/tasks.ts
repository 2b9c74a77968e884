// What is a task, where is it kept, and whose is it?
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
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
  list(userId: string): Task[]
  /** @throws {AuthError} `conflict` when the list is full. */
  add(userId: string, task: NewTask): Task
  /** `null` where the user has no such task. */
  change(userId: string, id: string, change: TaskChange): Task | null
  /** Whether there was one. */
  remove(userId: string, id: string): boolean
  close(): void
}

const LONGEST_TITLE = 200
const LONGEST_LIST = 500

/** With Lockjar's own tables in one file, a deleted user's tasks go with the user. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES lockjar_users (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS tasks_user ON tasks (user_id, created_at);
`

/** `database` as Lockjar takes it: `sqlite:PATH`. */
export function openTasks(database: string): Tasks {
  const path = database.replace(/^sqlite:(?:\/\/(?=\/))?/, '')
  const db = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: false })
  db.exec(SCHEMA)
  const list = db.prepare('SELECT id, title, done FROM tasks WHERE user_id = ? ORDER BY created_at, rowid')
  const count = db.prepare('SELECT count(*) AS tasks FROM tasks WHERE user_id = ?')
  const add = db.prepare('INSERT INTO tasks (id, user_id, title, created_at) VALUES (?, ?, ?, ?)')
  const change = db.prepare(
    'UPDATE tasks SET title = coalesce(?, title), done = coalesce(?, done) WHERE id = ? AND user_id = ? RETURNING id, title, done',
  )
  const remove = db.prepare('DELETE FROM tasks WHERE id = ? AND user_id = ?')

  return {
    list: (userId) => list.all(userId).map(toTask),
    add(userId, { title }) {
      if (Number(count.get(userId)?.tasks) >= LONGEST_LIST) {
        throw new AuthError('conflict', { detail: `A list holds ${LONGEST_LIST} tasks; delete some first.` })
      }
      const id = randomUUID()
      add.run(id, userId, title, Date.now())
      return { id, title, done: false }
    },
    change(userId, id, { title, done }) {
      const row = change.get(title ?? null, done === undefined ? null : Number(done), id, userId)
      return row ? toTask(row) : null
    },
    remove: (userId, id) => remove.run(id, userId).changes > 0,
    close: () => db.close(),
  }
}

function toTask({ id, title, done }: Record<string, unknown>): Task {
  return { id: String(id), title: String(title), done: done === 1 }
}

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
