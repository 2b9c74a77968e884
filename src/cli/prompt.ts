// How is a person asked something, and a password without showing it? In raw mode, so that nothing pasted ahead is echoed.
import { StringDecoder } from 'node:string_decoder'
import type { Io } from './io.ts'
import { Refusal } from './refusal.ts'

export interface Prompt {
  /** Without the line's end. @throws {Refusal} `interrupted` on Ctrl-C, Ctrl-D and a terminal that went away. */
  ask(question: string): Promise<string>
  /** Shows nothing of what is typed. */
  askHidden(question: string): Promise<string>
  /** Gives the terminal back as it was. */
  close(): void
}

type Show = (text: string, added?: string) => Promise<void>

const LONGEST = 4096
const [CTRL_C, CTRL_D, BACKSPACE, CTRL_U, ESCAPE, DELETE] = ['\x03', '\x04', '\b', '\x15', '\x1b', '\x7f']
const CLEAR = '\r\u001b[K'

/** Questions go to standard error: standard output is for data. */
export function openPrompt({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>): Prompt {
  const decoder = new StringDecoder('utf8')
  const typed: string[] = []
  let hasEnded = false
  let wake = (): void => {}
  const hear = (chunk: Uint8Array): void => {
    typed.push(...decoder.write(Buffer.from(chunk)))
    wake()
  }
  const end = (): void => {
    hasEnded = true
    wake()
  }
  stdin.setRawMode?.(true)
  stdin.on('data', hear)
  stdin.once('end', end)
  stdin.resume()

  const next = async (): Promise<string> => {
    while (typed.length === 0) {
      if (hasEnded) throw new Refusal('interrupted', 'nobody is at the terminal any more')
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return typed.shift() ?? ''
  }

  /** The arrow keys and their kin, and the marks around what is pasted. */
  const skipSequence = async (): Promise<void> => {
    const kind = await next()
    if (kind !== '[' && kind !== 'O') return
    while (!/[@-~]/.test(await next())) {}
  }

  let afterReturn = false
  /** `show` is called with the whole text, and with what was added to its end where that is all that changed. */
  const readLine = async (show: Show): Promise<string> => {
    const text: string[] = []
    for (;;) {
      const character = await next()
      const isSecondHalf = afterReturn && character === '\n'
      afterReturn = character === '\r'
      if (isSecondHalf) continue
      if (character === '\r' || character === '\n') return text.join('')
      if (character === CTRL_C || (character === CTRL_D && text.length === 0))
        throw new Refusal('interrupted', 'interrupted; nothing was done')
      if (character === ESCAPE) await skipSequence()
      else if (character === DELETE || character === BACKSPACE) text.pop()
      else if (character === CTRL_U) text.length = 0
      else if (character >= ' ') {
        text.push(character)
        await show(text.join(''), character)
        if (text.length > LONGEST) throw new Refusal('no', 'that is too long')
        continue
      }
      await show(text.join(''))
    }
  }

  const ask = async (question: string, show: Show): Promise<string> => {
    await stderr.write(question)
    try {
      const text = await readLine(show)
      // Bytes that are not UTF-8 have been replaced, and nobody could type that again.
      if (text.includes('\ufffd')) throw new Refusal('no', 'what was typed is not UTF-8')
      return text
    } finally {
      await stderr.write('\n')
    }
  }

  return {
    ask: (question) => ask(question, (text, added) => stderr.write(added ?? `${CLEAR}${question}${text}`)),
    askHidden: (question) => ask(question, async () => {}),
    close() {
      stdin.off('data', hear)
      stdin.off('end', end)
      stdin.setRawMode?.(false)
      stdin.pause()
    },
  }
}

const LARGEST_INPUT = 65_536

/** One line that is piped in, such as a password. @throws {Refusal} */
export async function readPiped({ stdin }: Pick<Io, 'stdin'>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk))
    size += chunk.length
    if (size > LARGEST_INPUT) throw new Refusal('no', 'standard input is too long for a password')
  }
  const line = decode(Buffer.concat(chunks)).replace(/\r?\n$/, '')
  if (line === '' || /[\r\n]/.test(line))
    throw new Refusal('no', 'standard input must be one line, the password')
  return line
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new Refusal('no', 'standard input is not UTF-8', { cause })
  }
}

/** Only a plain yes is one. */
export async function confirm(io: Io, question: string): Promise<boolean> {
  const prompt = openPrompt(io)
  try {
    return /^y(?:es)?$/i.test((await prompt.ask(`${question} [y/N] `)).trim())
  } finally {
    prompt.close()
  }
}
