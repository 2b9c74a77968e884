// Which secret signs where none was configured? One made once and kept beside the database.
import { getRandomValues } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { encodeBase64url } from '../../core/encoding/base64url.ts'

const SECRET_BYTES = 32

/** Safe when two processes start at once: the file appears whole or not at all, and the first one stays. */
export function readOrCreateSecret(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${encodeBase64url(getRandomValues(new Uint8Array(8)))}`
  try {
    writeFileSync(draft, encodeBase64url(getRandomValues(new Uint8Array(SECRET_BYTES))), {
      flag: 'wx',
      flush: true,
      mode: 0o600,
    })
    linkSync(draft, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readFileSync(path, 'utf8').trim()
}
