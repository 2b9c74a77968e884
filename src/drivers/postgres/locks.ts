// How do those take turns who must not decide at the same time, where there is no row to lock?

import type { Compilable } from 'kysely'
import { sql } from 'kysely'
import type { Connection } from './connection.ts'
import { query } from './query.ts'

/** What is decided; the first of the two numbers of an advisory lock, which the application should leave alone. */
export const SUBJECTS = {
  role: 0x6c6a_0001,
  sessions: 0x6c6a_0002,
  links: 0x6c6a_0003,
  networks: 0x6c6a_0004,
  mails: 0x6c6a_0005,
  retention: 0x6c6a_0006,
} as const

/**
 * Until the end of the transaction. A statement of its own: what comes after sees what was committed by whoever had it before. Two
 * names that hash alike wait for each other, and that is all.
 */
export async function takeTurns(
  connection: Connection,
  subject: keyof typeof SUBJECTS,
  name: string,
): Promise<void> {
  const lock: Compilable<unknown> = {
    compile: () =>
      sql`select pg_advisory_xact_lock(${sql.lit(SUBJECTS[subject])}, hashtext(${name}))`.compile(query),
  }
  await connection.run(lock)
}

/** False at once where somebody else has it: what they do need not be done twice. Else until the end of the transaction. */
export async function tryTurn(connection: Connection, subject: keyof typeof SUBJECTS): Promise<boolean> {
  const lock = sql<boolean>`pg_try_advisory_xact_lock(${sql.lit(SUBJECTS[subject])}, 0)`
  return (await connection.first(query.selectNoFrom(lock.as('isOurs'))))?.isOurs === true
}
