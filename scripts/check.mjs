// Is the code what it promises to be, before any test runs?
import { spawnSync } from 'node:child_process'

const PROMISES = [
  ['the code is formatted and linted', 'biome', ['ci', '--log-level=warn', '.']],
  ['every type fits', 'tsc', ['-p', 'tsconfig.json']],
  ['the published types stand alone', 'tsc', ['-p', 'tsconfig.build.json', '--noEmit']],
]

for (const [promise, command, args] of PROMISES) {
  process.stderr.write(`lockjar: ${promise} ...\n`)
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) {
    process.stderr.write(`lockjar: not so: ${promise}\n`)
    process.exit(status ?? 1)
  }
}
