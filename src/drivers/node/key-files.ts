// What is in the key files that the options name?
import { readFileSync } from 'node:fs'

/** `file:PATH`. */
const FILE = /^file:(?:\/\/(?=\/))?(.+)$/s

/** A key that names a file, as what is in it; any other as it is. */
export function readKeySource<Source>(source: Source): Source | string {
  const [, path] = typeof source === 'string' ? (FILE.exec(source) ?? []) : []
  if (path === undefined) return source
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw new TypeError(`lockjar: option accessToken.signing.keys: ${path} cannot be read (${code})`, {
      cause,
    })
  }
}
