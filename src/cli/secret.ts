// How is a secret made that nobody has guessed?
import { getRandomValues } from 'node:crypto'
import type { Command } from 'commander'
import { Option } from 'commander'
import type { CommonOptions } from './command.ts'
import { jsonOption, whole, withExamples } from './command.ts'
import type { Io } from './io.ts'
import { printJson } from './print.ts'

const SECRET_BYTES = 32
const MOST = 100

const ROTATION = `
To change the secret of an installation without signing anybody out: put the new
one last on every node (LOCKJAR_SECRET=old,new), then first (new,old), and take
the old one away after the longest idle timeout.`

interface Options extends CommonOptions {
  readonly count: number
  readonly format: 'base64url' | 'hex'
}

export function secret(program: Command, io: Io): void {
  const command = program
    .command('secret')
    .description('Print a new secret for LOCKJAR_SECRET: 32 random bytes.')
    .addOption(new Option('--count <number>', 'how many').default(1).argParser(whole(1, MOST)))
    .addOption(
      new Option('--format <format>', 'how it is written').choices(['base64url', 'hex']).default('base64url'),
    )
    .addOption(jsonOption())
    .addHelpText('after', ROTATION)
    .action(async ({ count, format, json }: Options) => {
      const secrets = Array.from({ length: count }, () => createSecret(format))
      if (json) await printJson(io, { secrets })
      else await io.stdout.write(`${secrets.join('\n')}\n`)
    })
  withExamples(command, ['lockjar secret', '(umask 077; echo "LOCKJAR_SECRET=$(lockjar secret)" >> .env)'])
}

function createSecret(format: Options['format']): string {
  return Buffer.from(getRandomValues(new Uint8Array(SECRET_BYTES))).toString(format)
}
