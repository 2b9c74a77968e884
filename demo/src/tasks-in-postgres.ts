// How are tasks kept in PostgreSQL?
import { randomUUID } from 'node:crypto'
import { Pool } from 'pg'
import type { Tasks } from './tasks.ts'
import { full, LONGEST_LIST, toTask } from './tasks.ts'

/** Beside Lockjar's own tables: a deleted user's tasks go with the user. */
const SCHEMA = `
  create table if not exists tasks (
    id text primary key,
    user_id text collate "C" not null references lockjar_users (id) on delete cascade,
    title text not null,
    done smallint not null default 0,
    created_at timestamptz not null default now()
  );
  create index if not exists tasks_user on tasks (user_id, created_at);
`

/** `database`: a URL of PostgreSQL. */
export async function openPostgresTasks(database: string): Promise<Tasks> {
  const pool = new Pool({ connectionString: database, max: 5 })
  // Of a connection that nobody holds: the pool makes another.
  pool.on('error', () => {})
  await pool.query(SCHEMA)

  return {
    async list(userId) {
      const { rows } = await pool.query(
        'select id, title, done from tasks where user_id = $1 order by created_at, id',
        [userId],
      )
      return rows.map(toTask)
    },
    async add(userId, { title }) {
      const id = randomUUID()
      const { rowCount } = await pool.query(
        `insert into tasks (id, user_id, title) select $1, $2, $3
         where (select count(*) from tasks where user_id = $2) < ${LONGEST_LIST}`,
        [id, userId, title],
      )
      if (rowCount === 0) throw full()
      return { id, title, done: false }
    },
    async change(userId, id, { title, done }) {
      const { rows } = await pool.query(
        `update tasks set title = coalesce($1, title), done = coalesce($2, done) where id = $3 and user_id = $4
         returning id, title, done`,
        [title ?? null, done === undefined ? null : Number(done), id, userId],
      )
      return rows[0] ? toTask(rows[0]) : null
    },
    async remove(userId, id) {
      const { rowCount } = await pool.query('delete from tasks where id = $1 and user_id = $2', [id, userId])
      return rowCount === 1
    },
    close: () => pool.end(),
  }
}
