// What becomes of text that PostgreSQL cannot hold?

/**
 * NUL and halves of surrogate pairs become U+FFFD, as they do wherever text is written as UTF-8. Nobody's name holds that sign, so what
 * is looked for with it is not found, rather than a fault of the database.
 */
const toText = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd')

/** One value of a statement, or one list. */
export function toParameter(value: unknown): unknown {
  if (typeof value === 'string') return toText(value)
  return Array.isArray(value) ? value.map(toParameter) : value
}

/** For rows that go as one parameter: an escape would be taken for what it stands for. */
export function toJson(rows: readonly object[]): string {
  return JSON.stringify(rows, (_key, value: unknown) => toParameter(value))
}
