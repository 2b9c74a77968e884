// Which database does a setting name?

export type NamedDatabase =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string }

/** Files of SQLite by their path, PostgreSQL by its URL. @throws {TypeError} for anything else, which is not repeated: it may hold a password. */
export function parseDatabase(database: string): NamedDatabase {
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(database)?.[1]
  if (path) return { kind: 'sqlite', path }
  if (/^postgres(?:ql)?:\/\//i.test(database)) return { kind: 'postgres', url: database }
  throw new TypeError(
    'lockjar: option database: write sqlite:PATH, such as sqlite:./data/lockjar.db, or postgres://user:password@host:5432/name',
  )
}
