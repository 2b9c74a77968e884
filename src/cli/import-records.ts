// Where does each record of a file begin and end, however it comes in pieces?

/** `line` is the first of the record, from 1. */
export type FileRecord =
  | { readonly line: number; readonly text: string }
  | { readonly line: number; readonly problem: 'too_long' | 'encoding' | 'quotes' }

export interface Records {
  /**
   * The next record that is not empty, or `null` at the end. With the delimiter of a CSV file its quotes count (RFC 4180): a field in quotes may
   * hold line breaks. Where a line break within quotes were taken for the end of a record, whoever chose the field's text would choose the
   * next record. Without, every line is a record.
   *
   * @param delimiter a byte, or `null`
   */
  next(delimiter: number | null): Promise<FileRecord | null>
  /** Bytes that have been taken in. */
  readonly bytes: number
}

/** Bytes. Far beyond any user, and a bound for what an open quote takes in. */
const LONGEST_RECORD = 65_536
const [LF, CR, QUOTE] = [0x0a, 0x0d, 0x22]

/** Where in a record the reader is. */
type Place = 'start' | 'plain' | 'quoted' | 'closed'

export function createRecords(chunks: AsyncIterable<Uint8Array>): Records {
  const source = chunks[Symbol.asyncIterator]()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let chunk: Uint8Array = new Uint8Array()
  let at = 0
  let bytes = 0
  let line = 1

  /** False at the end. */
  const refill = async (): Promise<boolean> => {
    do {
      const { done, value } = await source.next()
      if (done) return false
      chunk = value
      at = 0
      bytes += value.length
    } while (chunk.length === 0)
    return true
  }

  async function read(delimiter: number | null): Promise<FileRecord | null> {
    const parts: Uint8Array[] = []
    const first = line
    let length = 0
    let place: Place = delimiter === null ? 'plain' : 'start'
    let malformed = false
    for (let ended = false; !ended; ) {
      if (at === chunk.length && !(await refill())) {
        if (length === 0) return null
        break
      }
      const from = at
      while (at < chunk.length && !ended) {
        const byte = chunk[at++]
        if (byte === LF) line++
        if (byte === LF && place !== 'quoted') ended = true
        else if (delimiter !== null) {
          const next = step(place, byte ?? 0, delimiter)
          if (next === null) malformed = true
          place = next ?? 'plain'
        }
      }
      length += at - from
      if (length <= LONGEST_RECORD) parts.push(chunk.subarray(from, at))
      else parts.length = 0
    }
    if (length > LONGEST_RECORD) return { line: first, problem: 'too_long' }
    if (malformed || place === 'quoted') return { line: first, problem: 'quotes' }
    return decode(first, parts, length)
  }

  function decode(first: number, parts: readonly Uint8Array[], length: number): FileRecord {
    const [only] = parts
    const whole = parts.length === 1 && only ? only : join(parts, length)
    try {
      return { line: first, text: decoder.decode(withoutEnd(whole)) }
    } catch {
      return { line: first, problem: 'encoding' }
    }
  }

  return {
    async next(delimiter) {
      for (;;) {
        const record = await read(delimiter)
        if (record === null || !('text' in record) || record.text !== '') return record
      }
    },
    get bytes() {
      return bytes
    },
  }
}

/** Where the reader is after a byte; `null` for a quote where none may stand. */
function step(place: Place, byte: number, delimiter: number): Place | null {
  if (place === 'quoted') return byte === QUOTE ? 'closed' : 'quoted'
  if (byte === delimiter) return 'start'
  if (byte === QUOTE) return place === 'start' || place === 'closed' ? 'quoted' : null
  if (place !== 'closed') return 'plain'
  return byte === CR ? 'closed' : null
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

function withoutEnd(record: Uint8Array): Uint8Array {
  let end = record.length
  if (record[end - 1] === LF) end--
  if (record[end - 1] === CR) end--
  return record.subarray(0, end)
}
