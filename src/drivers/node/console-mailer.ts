// Where do mails go while an application is being developed? To the terminal, to be read there.
import type { Mailer } from '../../ports/mailer.ts'

const RULE = '-'.repeat(72)

/** Prints the text, in which the link has a line of its own, to standard error: standard output may be somebody's data. */
export const consoleMailer: Mailer = {
  async send({ to, subject, text }) {
    const lines = [
      RULE,
      `Mail to ${to}, which nobody sends from here: ${subject}`,
      '',
      ...text.trimEnd().split('\n'),
      RULE,
    ]
    process.stderr.write(`${lines.map(toPrintable).join('\n')}\n`)
  },
}

/** No character that a terminal takes for an order. */
const toPrintable = (line: string): string => line.replaceAll(/\p{Cc}/gu, '')
