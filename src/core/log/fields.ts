// What does a logger get of an event? Flat fields with nothing in them that is a secret or an address.
import { maskText } from './mask.ts'

/** What is told of an event, before it is made safe. */
type Fields = Readonly<Record<string, string | number | boolean | null | undefined | Error>>

/** What a logger may write as it is. */
export type SafeFields = Readonly<Record<string, string | number | boolean | null>>

/** Errors that caused one another, each told. */
const DEEPEST = 4

/**
 * Errors become texts: libraries hang whole envelopes, requests and rows on them, which a logger would write. Of an error there are its
 * message, its code, the messages of what caused it, and the stack of what began it all: that is where to look.
 */
export function toSafeFields(fields: Fields): SafeFields {
  const safe: Record<string, string | number | boolean | null> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    if (value instanceof Error) Object.assign(safe, describe(name, value))
    else safe[name] = typeof value === 'string' ? maskText(value) : value
  }
  return safe
}

function describe(name: string, error: Error): SafeFields {
  const code = read(error, 'code')
  const causes = causesOf(error)
  const messages = causes.map((cause) =>
    cause instanceof Error ? text(read(cause, 'message')) : text(cause),
  )
  const first = causes.findLast((cause) => cause instanceof Error) ?? error
  return {
    [name]: maskText(`${text(read(error, 'name'))}: ${text(read(error, 'message'))}`),
    ...((typeof code === 'string' || typeof code === 'number') && {
      [`${name}Code`]: maskText(String(code)),
    }),
    ...(messages.length > 0 && { cause: maskText(messages.join('; ')) }),
    stack: maskText(text(read(first, 'stack'))),
  }
}

function causesOf(error: Error): readonly unknown[] {
  const causes: unknown[] = []
  let cause = read(error, 'cause')
  while (cause !== undefined && cause !== null && causes.length < DEEPEST) {
    causes.push(cause)
    cause = cause instanceof Error ? read(cause, 'cause') : undefined
  }
  return causes
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** An error may be anything that somebody threw, with getters that throw. */
function read(error: Error, property: 'name' | 'message' | 'code' | 'stack' | 'cause'): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[property]
  } catch {
    return undefined
  }
}
