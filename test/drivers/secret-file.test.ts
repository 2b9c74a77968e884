// Is the development secret made once, whole, and for its owner alone?
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { resolveConfig } from '../../src/config/resolve.ts'
import { readOrCreateSecret } from '../../src/drivers/node/secret-file.ts'
import { raceProcesses } from './processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockjar-secret-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the secret file', () => {
  it('is made where there is none, and then stays', () => {
    const path = join(folder, 'new', 'lockjar.db.secret')
    const secret = readOrCreateSecret(path)
    expect(readOrCreateSecret(path)).toBe(secret)
    expect(resolveConfig({ baseURL: 'http://localhost:3000', secret }, () => false).secrets).toHaveLength(1)
    expect(readdirSync(join(folder, 'new'))).toEqual(['lockjar.db.secret'])
  })

  it('belongs to its owner alone', () => {
    const path = join(folder, 'owned.secret')
    readOrCreateSecret(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('is taken as it is, without the line’s end', () => {
    const path = join(folder, 'given.secret')
    writeFileSync(path, 'given\n')
    expect(readOrCreateSecret(path)).toBe('given')
    expect(readFileSync(path, 'utf8')).toBe('given\n')
  })

  it('is the same for all processes that start at once', async () => {
    const path = join(folder, 'raced.secret')
    const module = new URL('../../src/drivers/node/secret-file.ts', import.meta.url).href
    const secrets = await raceProcesses(
      4,
      `import { readOrCreateSecret } from ${JSON.stringify(module)}`,
      `process.stdout.write(readOrCreateSecret(${JSON.stringify(path)}))`,
    )
    expect(new Set(secrets)).toEqual(new Set([readFileSync(path, 'utf8')]))
    expect(readdirSync(folder).filter((name) => name.startsWith('raced'))).toEqual(['raced.secret'])
  })

  it('that cannot be made stops the start', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => readOrCreateSecret(join(folder, 'file', 'x.secret'))).toThrow()
  })
})
