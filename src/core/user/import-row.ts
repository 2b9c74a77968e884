// What does one row of an import say, and may it become a user?
import type { FieldError } from '../../errors.ts'
import { parseStored } from '../password/stored.ts'
import type { UserFields } from './fields.ts'
import { judgeUserFields } from './fields.ts'
import { toKey } from './identifier.ts'

export const IMPORT_COLUMNS = [
  'email',
  'username',
  'name',
  'password_hash',
  'roles',
  'active',
  'email_verified',
  'created_at',
] as const

export type ImportColumn = (typeof IMPORT_COLUMNS)[number]

/** As a file has it: text, or what JSON holds. What is left out, empty or `null` is not there. */
export type ImportFields = Readonly<Record<string, unknown>>

export interface ImportedUser extends UserFields {
  readonly passwordHash: string | null
  readonly emailVerified: boolean
  readonly disabled: boolean
  /** Milliseconds since 1970; `null` where the row does not say. */
  readonly createdAt: number | null
}

export type ImportReading =
  | { readonly ok: true; readonly user: ImportedUser }
  | { readonly ok: false; readonly errors: readonly FieldError[] }

/** By the rules of a registration. `now` in milliseconds since 1970: nobody was registered tomorrow. */
export function readImportRow(fields: ImportFields, now: number): ImportReading {
  const errors: FieldError[] = []
  const refuse: Refuse = (field, code, message) => void errors.push({ field, code, message })
  refuseUnknown(fields, refuse)
  const read = { fields, refuse }
  const email = readText(read, 'email')
  if (givenIn(read, 'email') === null) refuse('email', 'required', 'A user needs an e-mail address.')
  const user: ImportedUser = {
    email: email ?? '',
    username: readUsername(read, email),
    name: readText(read, 'name')?.trim() || null,
    passwordHash: readHash(read),
    roles: readRoles(read),
    disabled: readFlag(read, 'active') === false,
    emailVerified: readFlag(read, 'email_verified') === true,
    createdAt: readInstant(read, now),
  }
  errors.push(...judgeUserFields(user).filter(({ field }) => !errors.some((error) => error.field === field)))
  return errors.length === 0 ? { ok: true, user } : { ok: false, errors }
}

type Refuse = (field: ImportColumn | '', code: string, message: string) => void

interface Reading {
  readonly fields: ImportFields
  readonly refuse: Refuse
}

function refuseUnknown(fields: ImportFields, refuse: Refuse): void {
  const known: readonly string[] = IMPORT_COLUMNS
  if (Object.keys(fields).some((key) => !known.includes(key)))
    refuse('', 'unknown', `There are only the columns ${known.join(', ')}.`)
}

function givenIn({ fields }: Reading, column: ImportColumn): unknown {
  const value = Object.hasOwn(fields, column) ? fields[column] : null
  return value === '' || value === undefined ? null : value
}

function readText(reading: Reading, column: ImportColumn): string | null {
  const value = givenIn(reading, column)
  if (value === null || typeof value === 'string') return value
  reading.refuse(column, 'invalid_type', 'This must be text.')
  return null
}

/** In Django the address may stand as the user name, too. Here it is typed into the same field, and is no name. */
function readUsername(reading: Reading, email: string | null): string | null {
  const username = readText(reading, 'username')
  return username !== null && email !== null && toKey(username) === toKey(email) ? null : username
}

/** Django writes `!` where nobody can sign in by password. The hash itself is never repeated. */
function readHash(reading: Reading): string | null {
  const hash = readText(reading, 'password_hash')
  if (hash === null || hash.startsWith('!')) return null
  if (parseStored(hash)) return hash
  reading.refuse('password_hash', 'unknown_form', 'This is no password hash of a form that is verified here.')
  return null
}

/** Text with space, comma, semicolon or bar between them, or a list. */
function readRoles(reading: Reading): readonly string[] {
  const value = givenIn(reading, 'roles')
  if (value === null) return []
  const list = typeof value === 'string' ? value.split(/[\s,;|]+/).filter((role) => role !== '') : value
  if (Array.isArray(list) && list.every((role) => typeof role === 'string')) return [...new Set(list)]
  reading.refuse('roles', 'invalid_type', 'This must be text or a list of texts.')
  return []
}

const FLAGS: Readonly<Record<string, boolean>> = {
  ...{ true: true, t: true, yes: true, y: true, 1: true },
  ...{ false: false, f: false, no: false, n: false, 0: false },
}

function readFlag(reading: Reading, column: ImportColumn): boolean | null {
  const value = givenIn(reading, column)
  if (value === null || typeof value === 'boolean') return value
  const word = String(value).toLowerCase()
  if (Object.hasOwn(FLAGS, word)) return FLAGS[word] ?? null
  reading.refuse(column, 'invalid', 'Write true or false.')
  return null
}

/** ISO 8601 and what databases make of it: a space for the T, more digits, no zone for UTC, an offset without minutes. */
const INSTANT =
  /^(?<date>\d{4}-\d{2}-\d{2})(?:[T ](?<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)\d{0,6} ?(?<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?$/
const DAY = 86_400_000

function readInstant(reading: Reading, now: number): number | null {
  const text = readText(reading, 'created_at')
  if (text === null) return null
  const { date, time = '00:00', zone = 'Z' } = INSTANT.exec(text)?.groups ?? {}
  const offset = zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  const at = date === undefined ? Number.NaN : Date.parse(`${date}T${time}${offset}`)
  if (at >= 0 && at <= now + DAY) return at
  reading.refuse('created_at', 'invalid', 'Write an instant such as 2024-03-01T12:00:00Z, not in the future.')
  return null
}
