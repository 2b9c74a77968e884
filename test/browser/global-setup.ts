// Which demo do the browser tests drive? The one that is built now.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export function setup(): void {
  const cwd = join(import.meta.dirname, '../..')
  const { status } = spawnSync('vite', ['build', 'demo', '--logLevel', 'warn'], {
    cwd,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error('the demo does not build')
}
