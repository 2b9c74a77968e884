// Are the records of a file found, in whatever pieces it comes, and none that is not there?
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { FileRecord } from '../../src/cli/import-records.ts'
import { createRecords } from '../../src/cli/import-records.ts'

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const bytesOf = (text: string | Uint8Array) =>
  typeof text === 'string' ? new TextEncoder().encode(text) : text

async function recordsOf(file: string | Uint8Array, quotes: boolean, size = 1 << 16): Promise<unknown[]> {
  const records = createRecords(inPieces(bytesOf(file), size))
  const found: FileRecord[] = []
  for (let next = await records.next(quotes ? 44 : null); next; next = await records.next(quotes ? 44 : null))
    found.push(next)
  return found.map((record) => [record.line, 'text' in record ? record.text : { problem: record.problem }])
}

const QUOTES = { problem: 'quotes' }
const long = 'x'.repeat(65_536)

describe('a CSV file', () => {
  it.each<[what: string, file: string | Uint8Array, records: unknown[]]>([
    ['of nothing', '', []],
    ['of empty lines', '\n\r\n\n', []],
    [
      'with an end',
      'a,b\nc,d\n',
      [
        [1, 'a,b'],
        [2, 'c,d'],
      ],
    ],
    [
      'without an end',
      'a,b\nc,d',
      [
        [1, 'a,b'],
        [2, 'c,d'],
      ],
    ],
    [
      'from Windows',
      'a\r\n\r\nb\r\n',
      [
        [1, 'a'],
        [3, 'b'],
      ],
    ],
    [
      'with a byte order mark',
      '\ufeffa,b\nc',
      [
        [1, 'a,b'],
        [2, 'c'],
      ],
    ],
    [
      'with quotes',
      '"a ""b""",c\n"",d\n',
      [
        [1, '"a ""b""",c'],
        [2, '"",d'],
      ],
    ],
    [
      'with quotes from Windows',
      '"a"\r\n"b"\r\n',
      [
        [1, '"a"'],
        [2, '"b"'],
      ],
    ],
    [
      'whose field holds lines',
      '"a\nevil@example.com,b\nc",d\ne\n',
      [
        [1, '"a\nevil@example.com,b\nc",d'],
        [4, 'e'],
      ],
    ],
    [
      'with a quote inside a field',
      'a"b,c\nd\n',
      [
        [1, QUOTES],
        [2, 'd'],
      ],
    ],
    [
      'with text behind a quote',
      '"a"b,c\nd\n',
      [
        [1, QUOTES],
        [2, 'd'],
      ],
    ],
    [
      'with a quote that nobody closes',
      'a\n"b,c\nd\ne\n',
      [
        [1, 'a'],
        [2, QUOTES],
      ],
    ],
    [
      'in another encoding',
      Uint8Array.of(0x61, 0x0a, 0xe9, 0x0a, 0x62),
      [
        [1, 'a'],
        [2, { problem: 'encoding' }],
        [3, 'b'],
      ],
    ],
    [
      'with a record that is too long',
      `a\n${long}x\nb\n`,
      [
        [1, 'a'],
        [2, { problem: 'too_long' }],
        [3, 'b'],
      ],
    ],
    [
      'with a field of lines that is too long, none of which is a record',
      `"${`evil\n`.repeat(20_000)}"\nb\n`,
      [
        [1, { problem: 'too_long' }],
        [20_002, 'b'],
      ],
    ],
    ['with characters of many bytes', '☃☃☃,🔑\n', [[1, '☃☃☃,🔑']]],
  ])('%s', async (_what, file, records) => {
    for (const size of [1 << 16, 7, 1])
      expect(await recordsOf(file, true, size), `pieces of ${size}`).toEqual(records)
  })
})

describe('a file of JSON lines', () => {
  it('is one of lines, whatever quotes are in them', async () => {
    expect(await recordsOf('{"a":"b\\"c"}\n"\n\n{}', false)).toEqual([
      [1, '{"a":"b\\"c"}'],
      [2, '"'],
      [4, '{}'],
    ])
    expect(await recordsOf(`${long}\n1`, false)).toEqual([
      [1, { problem: 'too_long' }],
      [2, '1'],
    ])
  })
})

it('a quote that nobody closes takes in the rest of a file of any size, and keeps none of it', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const kept: WeakRef<ArrayBuffer>[] = []
  let most = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield bytesOf('a\n"')
    for (let n = 0; n < 40; n++) {
      const chunk = new Uint8Array(1 << 16).fill(120)
      kept.push(new WeakRef(chunk.buffer))
      yield chunk
      await new Promise(setImmediate)
      collect()
      most = Math.max(most, kept.filter((each) => each.deref()).length)
    }
  }
  const records = createRecords(endless())
  expect(await records.next(44)).toEqual({ line: 1, text: 'a' })
  expect(await records.next(44)).toEqual({ line: 2, problem: 'too_long' })
  expect(most).toBeLessThan(5)
})
