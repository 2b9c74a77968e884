// Does a row of an import say what its file means, and is it judged as a registration would be?
import { describe, expect, it } from 'vitest'
import type { ImportFields } from '../../../src/core/user/import-row.ts'
import { readImportRow } from '../../../src/core/user/import-row.ts'

const NOW = Date.UTC(2026, 0, 1)
const HASH = 'pbkdf2_sha256$1000$03l3FflzHWnHHuDSbZen59$dH4ht7fdV6h0+9qEqx/Gn0IT9xihmDUKj0MA14F9u/o='
const read = (fields: ImportFields) => readImportRow({ email: 'ada@example.com', ...fields }, NOW)

const USER = {
  email: 'ada@example.com',
  username: null,
  name: null,
  passwordHash: null,
  roles: [],
  disabled: false,
  emailVerified: false,
  createdAt: null,
}

describe('a row', () => {
  it.each<[what: string, fields: ImportFields, user: object]>([
    ['with an address alone', {}, {}],
    ['whose other columns are empty', { username: '', name: '', roles: '', active: '', created_at: '' }, {}],
    ['whose other columns are null', { username: null, name: null, roles: null, active: null }, {}],
    ['with a name in space', { name: ' Ada ☃ ' }, { name: 'Ada ☃' }],
    ['with a name of space', { name: '  ' }, { name: null }],
    ['with a user name', { username: 'Ada' }, { username: 'Ada' }],
    ['with the address as user name, as Django has it', { username: 'ADA@example.com' }, { username: null }],
    ['with a hash', { password_hash: HASH }, { passwordHash: HASH }],
    ['without a usable password, as Django writes it', { password_hash: '!nMMpWVF' }, { passwordHash: null }],
    ['with roles in text', { roles: 'a b,c;d|a' }, { roles: ['a', 'b', 'c', 'd'] }],
    ['with roles in a list', { roles: ['a', 'b', 'a'] }, { roles: ['a', 'b'] }],
    ['that is active', { active: 't' }, { disabled: false }],
    ['that is not active', { active: 'False' }, { disabled: true }],
    ['that is not active in JSON', { active: false }, { disabled: true }],
    ['that is not active in MySQL', { active: '0' }, { disabled: true }],
    ['whose address is proved', { email_verified: 'yes' }, { emailVerified: true }],
    ['of a day', { created_at: '2024-02-29' }, { createdAt: Date.UTC(2024, 1, 29) }],
    [
      'of an instant',
      { created_at: '2024-02-29T12:30:15.5Z' },
      { createdAt: Date.UTC(2024, 1, 29, 12, 30, 15, 500) },
    ],
    [
      'of an instant in PostgreSQL',
      { created_at: '2024-02-29 12:30:15.123456+00' },
      { createdAt: Date.UTC(2024, 1, 29, 12, 30, 15, 123) },
    ],
    [
      'of an instant in Django',
      { created_at: '2024-02-29 12:30:15.123456+02:00' },
      { createdAt: Date.UTC(2024, 1, 29, 10, 30, 15, 123) },
    ],
    [
      'of an instant in MySQL',
      { created_at: '2024-02-29 12:30:15' },
      { createdAt: Date.UTC(2024, 1, 29, 12, 30, 15) },
    ],
  ])('%s is read', (_what, fields, user) => {
    expect(read(fields)).toEqual({ ok: true, user: { ...USER, ...user } })
  })

  it.each<[what: string, fields: ImportFields, field: string, code: string]>([
    ['without an address', { email: '' }, 'email', 'required'],
    ['with no address', { email: 'ada' }, 'email', 'invalid'],
    ['with space around the address', { email: ' ada@example.com' }, 'email', 'invalid'],
    ['with an address of another script', { email: 'ada＠example.com' }, 'email', 'invalid'],
    ['with an address that is a number', { email: 1 }, 'email', 'invalid_type'],
    ['with a user name of others’ rules', { username: 'ada+x@' }, 'username', 'invalid'],
    ['with a name that breaks lines', { name: 'Ada\nBcc: eve' }, 'name', 'invalid'],
    ['with a name without end', { name: 'x'.repeat(101) }, 'name', 'invalid'],
    ['with half a surrogate pair', { name: '\ud800' }, 'name', 'invalid'],
    ['with a password in place of its hash', { password_hash: 'hunter2' }, 'password_hash', 'unknown_form'],
    ['with a damaged hash', { password_hash: HASH.slice(0, -5) }, 'password_hash', 'unknown_form'],
    [
      'with a hash that would cost too much',
      { password_hash: HASH.replace('1000', '999999999') },
      'password_hash',
      'unknown_form',
    ],
    ['with a role that is none', { roles: 'a b!' }, 'roles', 'invalid'],
    [
      'with too many roles',
      { roles: Array.from({ length: 33 }, (_, n) => `r${n}`).join(' ') },
      'roles',
      'invalid',
    ],
    ['with roles that are no text', { roles: [1] }, 'roles', 'invalid_type'],
    ['that is perhaps active', { active: 'perhaps' }, 'active', 'invalid'],
    ['that is active by inheritance', { active: 'constructor' }, 'active', 'invalid'],
    ['that is active twice', { active: 2 }, 'active', 'invalid'],
    ['of no day', { created_at: '2024-02-31T25:00:00Z' }, 'created_at', 'invalid'],
    ['of tomorrow’s tomorrow', { created_at: '2026-01-03' }, 'created_at', 'invalid'],
    ['of before 1970', { created_at: '1969-12-31' }, 'created_at', 'invalid'],
    ['of seconds', { created_at: '1709209815' }, 'created_at', 'invalid'],
    ['with a column that nobody knows', { passwort: 'x' }, '', 'unknown'],
  ])('%s is refused by that column', (_what, fields, field, code) => {
    const result = read(fields)
    expect(result.ok ? [] : result.errors.map((error) => [error.field, error.code])).toEqual([[field, code]])
  })

  it('with a prototype in it brings none along', () => {
    const fields = JSON.parse('{"__proto__":{"roles":"superuser"},"email":"ada@example.com"}') as ImportFields
    expect(read(fields)).toMatchObject({ ok: false, errors: [{ code: 'unknown' }] })
    expect(readImportRow(Object.create({ email: 'ada@example.com' }) as ImportFields, NOW).ok).toBe(false)
  })

  it('repeats neither hash nor address in what it says', () => {
    const result = read({ email: 'secret@address', password_hash: 'secret-hash', roles: 'secret!' })
    expect(result.ok).toBe(false)
    expect(JSON.stringify(result)).not.toContain('secret')
  })
})
