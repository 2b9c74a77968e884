// Does `lockjar secret` print what LOCKJAR_SECRET takes?
import { readEnvironment } from 'lockjar'
import { expect, it } from 'vitest'
import { createWorld, runCli, runHere } from '../support/cli.ts'

it('prints 32 random bytes, another each time, that LOCKJAR_SECRET takes', async () => {
  const [one, two] = await Promise.all([runCli(['secret']), runCli(['secret', '--format', 'hex'])])
  expect(one).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^[\w-]{43}\n$/) })
  expect(two).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) })
  for (const { stdout } of [one, two])
    expect(readEnvironment({ LOCKJAR_SECRET: stdout.trim() }).options.secret).toEqual([stdout.trim()])
})

it('prints several, one a line or as one JSON value', async () => {
  const { stdout } = await runHere(['secret', '--count', '3'], createWorld())
  expect(new Set(stdout.trim().split('\n')).size).toBe(3)
  const { secrets } = JSON.parse((await runHere(['secret', '--count', '3', '--json'], createWorld())).stdout)
  expect(new Set(secrets).size).toBe(3)
})

it('says in its help how to change the secret without signing anybody out', async () => {
  expect((await runHere(['secret', '--help'], createWorld())).stdout).toContain('LOCKJAR_SECRET=old,new')
})
