// How is a query written? By Kysely, which only compiles here; running it is the connection's work.
import type { Compilable, CompiledQuery } from 'kysely'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { Tables } from './schema.ts'

/** Cold: a query made with it is compiled and handed to a connection. */
export const query: Kysely<Tables> = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

export interface NamedQuery<Row> extends CompiledQuery<Row> {
  readonly name?: string
}

/**
 * For hot paths: each connection has the server parse and plan it once. One name is one text, so what varies is a parameter, and
 * lists are one parameter too (`= any(...)`).
 */
export function named<Row>(name: string, statement: Compilable<Row>): Compilable<Row> {
  return { compile: (): NamedQuery<Row> => ({ ...statement.compile(), name: `lockjar_${name}` }) }
}
