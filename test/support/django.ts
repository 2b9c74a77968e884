// How does a test run what the tutorials build with Django, in Python, as a server?
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findSimpleJwt } from '../../scripts/find-simplejwt.mjs'

export interface DjangoServer {
  readonly origin: string
  stop(): Promise<void>
}

/** `refresh`: access and refresh cookies. `csrf`: one cookie and a CSRF token. `token`: a token of the database. */
export async function startDjango(variant: 'refresh' | 'csrf' | 'token'): Promise<DjangoServer> {
  const python = findSimpleJwt()
  if (!python)
    throw new Error(
      'this test needs SimpleJWT: npm test installs it, or apt-get install python3-djangorestframework-simplejwt',
    )
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-django-'))
  const child = spawn(python, [join(import.meta.dirname, 'drf_site.py'), variant, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1' },
  })
  const ended = once(child, 'exit')
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  let said = ''
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-4000)
  })
  const listening = once(createInterface({ input: child.stdout }), 'line')
  const early = ended.then(() => Promise.reject(new Error(`Django ended: ${said}`)))
  const [port] = (await Promise.race([listening, early])) as [string]
  early.catch(() => {})
  return {
    origin: `http://localhost:${port}`,
    async stop() {
      process.off('exit', kill)
      kill()
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}
