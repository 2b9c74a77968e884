// Which cookies did the browser send? RFC 6265bis section 5.7.3, read from the server's side.

/** Every value of every name, in the order sent. A value is as sent: quotes belong to it, nothing is decoded. */
export interface CookieJar extends Iterable<readonly [name: string, values: readonly string[]]> {
  /** None where the name was not sent. */
  get(name: string): readonly string[]
  has(name: string): boolean
}

/** Never throws. A request is judged by one or two names, so the others are read when somebody asks. */
export function parseCookies(header: string | null): CookieJar {
  return new CookieHeader(header ?? '')
}

const NONE: readonly string[] = []

class CookieHeader implements CookieJar {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get(name: string): readonly string[] {
    const text = this.#text
    let values: string[] | undefined
    eachPair(text, (start, end, valueStart, valueEnd) => {
      if (end - start !== name.length || !text.startsWith(name, start)) return
      values ??= []
      values.push(text.slice(valueStart, valueEnd))
    })
    return values ?? NONE
  }

  has(name: string): boolean {
    return this.get(name).length > 0
  }

  [Symbol.iterator](): Iterator<readonly [name: string, values: readonly string[]]> {
    const jar = new Map<string, string[]>()
    eachPair(this.#text, (start, end, valueStart, valueEnd) => {
      const name = this.#text.slice(start, end)
      const value = this.#text.slice(valueStart, valueEnd)
      const values = jar.get(name)
      if (values) values.push(value)
      else jar.set(name, [value])
    })
    return jar.entries()
  }
}

/** Where a name and its value begin and end. */
type VisitPair = (start: number, end: number, valueStart: number, valueEnd: number) => void

/** Splits on `;` only. A cookie without a name is not ours, and Chromium sends it as a bare value. */
function eachPair(text: string, visit: VisitPair): void {
  let equals = -1
  for (let from = 0, to = 0; from < text.length; from = to + 1) {
    to = indexOrEnd(text, ';', from)
    // Looked for once, also where many pairs have none: time stays proportional to the length.
    if (equals < from) equals = indexOrEnd(text, '=', from)
    if (equals >= to) continue
    const start = skipBlanks(text, from, equals)
    if (start === equals) continue
    const valueStart = skipBlanks(text, equals + 1, to)
    visit(start, dropBlanks(text, start, equals), valueStart, dropBlanks(text, valueStart, to))
  }
}

function indexOrEnd(text: string, mark: string, from: number): number {
  const index = text.indexOf(mark, from)
  return index < 0 ? text.length : index
}

const SPACE = 0x20
const TAB = 0x09

/**
 * Space and tab only. `String.trim` would also take U+00A0, and with it turn the name `\u00a0__Host-session`, which a
 * sibling sub-domain may set, into ours.
 */
function isBlank(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  return code === SPACE || code === TAB
}

function skipBlanks(text: string, start: number, end: number): number {
  let index = start
  while (index < end && isBlank(text, index)) index++
  return index
}

function dropBlanks(text: string, start: number, end: number): number {
  let index = end
  while (index > start && isBlank(text, index - 1)) index--
  return index
}
