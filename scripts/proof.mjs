// Is there an order of steps that breaks an invariant? Everything that `npm test` samples; it takes half an hour.
import { spawnSync } from 'node:child_process'

const { status } = spawnSync('vitest', ['run', '--project', 'node', 'test/races', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, RACES: 'all' },
  shell: process.platform === 'win32',
})
process.exit(status ?? 1)
