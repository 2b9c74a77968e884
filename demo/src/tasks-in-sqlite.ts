// How are tasks kept in a SQLite file?
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import type { Tasks } from './tasks.ts'
import { full, LONGEST_LIST, toTask } from './tasks.ts'

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

/** `database`: `sqlite:PATH`. */
export function openSqliteTasks(database: string): Tasks {
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
    list: async (userId) => list.all(userId).map(toTask),
    async add(userId, { title }) {
      if (Number(count.get(userId)?.tasks) >= LONGEST_LIST) throw full()
      const id = randomUUID()
      add.run(id, userId, title, Date.now())
      return { id, title, done: false }
    },
    async change(userId, id, { title, done }) {
      const row = change.get(title ?? null, done === undefined ? null : Number(done), id, userId)
      return row ? toTask(row) : null
    },
    remove: async (userId, id) => remove.run(id, userId).changes > 0,
    close: async () => db.close(),
  }
}
