// Which test vectors of others are there? Plain data that stays outside the repository (its README says from where).
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER =
  process.env.LOCKJAR_VECTORS ?? fileURLToPath(new URL('../../../shared/vectors', import.meta.url))

/** The content of a JSON file, or `null` and one line of explanation where it is missing. */
export function readVectors<T>(name: string): T | null {
  const path = join(FOLDER, name)
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as T
  console.warn(
    `test vectors: ${path} is missing, so its cases are not run; LOCKJAR_VECTORS names another folder`,
  )
  return null
}

/** The big list of naughty strings. */
export function naughtyStrings(): readonly string[] {
  return readVectors<readonly string[]>('blns.json') ?? []
}

/** A folder of files, or `null` and one line of explanation where it is missing. */
export function vectorsFolder(name: string): string | null {
  const path = join(FOLDER, name)
  if (existsSync(path)) return path
  console.warn(
    `test vectors: ${path} is missing, so its cases are not run; LOCKJAR_VECTORS names another folder`,
  )
  return null
}
