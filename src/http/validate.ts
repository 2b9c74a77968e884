// Does a body fit its schema, and if not, which field says why?
import * as v from 'valibot'
import type { FieldError } from '../errors.ts'
import { AuthError } from '../errors.ts'
import { CSRF_FIELD } from '../protocol.ts'
import type { Body } from './body.ts'

export type BodySchema = v.GenericSchema<unknown, unknown>

/** The CSRF token that a form carried, and the body without it. */
export function takeFormToken(body: Body): { readonly token: string | null; readonly body: Body } {
  if (!body.form) return { token: null, body }
  const { [CSRF_FIELD]: token, ...value } = body.value as Record<string, string>
  return { token: token ?? null, body: { form: true, value } }
}

/** @throws {AuthError} `validation_failed`, one entry for each field. */
export function validate<S extends BodySchema>(schema: S, { form, value }: Body): v.InferOutput<S> {
  // An array has no fields to miss or to be unknown, so an empty one would pass for an empty object.
  if (Array.isArray(value)) throw new AuthError('validation_failed', { errors: [NOT_AN_OBJECT] })
  const result = v.safeParse(schema, form ? fromForm(schema, value as Record<string, string>) : value, {
    abortPipeEarly: true,
  })
  if (result.success) return result.output
  throw new AuthError('validation_failed', { errors: result.issues.map(toFieldError) })
}

const NOT_AN_OBJECT: FieldError = { field: '', code: 'invalid_type', message: 'This must be an object.' }

const LONGEST_FIELD = 32

type Issue = v.BaseIssue<unknown>

function toFieldError(issue: Issue): FieldError {
  const field = shorten((issue.path ?? []).map((item) => String(item.key)).join('.'))
  const { code, message } = explain(issue)
  return { field, code, message }
}

/** A field's name may be the sender's own words; an answer does not repeat them at length. */
function shorten(field: string): string {
  return field.length <= LONGEST_FIELD ? field : `${field.slice(0, LONGEST_FIELD)}…`
}

function explain(issue: Issue): { readonly code: string; readonly message: string } {
  const structural = issue.type === 'strict_object' && issue.path !== undefined
  if (structural && issue.expected === 'never')
    return { code: 'unknown', message: 'This field is not known here.' }
  if (structural && issue.received === 'undefined')
    return { code: 'required', message: 'This field is needed.' }
  if (issue.kind === 'schema') return { code: 'invalid_type', message: `This must be ${expected(issue)}.` }
  return { code: 'invalid', message: issue.message }
}

function expected(issue: Issue): string {
  if (issue.type === 'strict_object') return 'an object'
  return issue.type === 'nullable' ? 'text or null' : `a ${issue.type}`
}

const TRUE: ReadonlySet<string> = new Set(['on', 'true', '1', 'yes'])
const FALSE: ReadonlySet<string> = new Set(['off', 'false', '0', 'no', ''])

const WHOLE = /^\d{1,9}$/

/** A form sends text only: digits become a number, a check box becomes a boolean, and an empty optional field was left out. */
function fromForm(schema: BodySchema, fields: Record<string, string>): Record<string, unknown> {
  const entries = entriesOf(schema)
  const pairs = Object.entries(fields).flatMap(([key, value]): [string, unknown][] => {
    const entry = Object.hasOwn(entries, key) ? entries[key] : undefined
    if (entry?.type === 'optional' && value === '' && entry.wrapped?.type !== 'boolean') return []
    if (entry?.wrapped?.type === 'number') return [[key, WHOLE.test(value) ? Number(value) : value]]
    if (entry?.wrapped?.type !== 'boolean') return [[key, value]]
    const word = value.toLowerCase()
    return [[key, TRUE.has(word) ? true : FALSE.has(word) ? false : value]]
  })
  return Object.fromEntries(pairs)
}

interface Entry {
  readonly type: string
  readonly wrapped?: { readonly type: string }
}

function entriesOf(schema: BodySchema): Readonly<Record<string, Entry>> {
  return 'entries' in schema ? (schema.entries as Readonly<Record<string, Entry>>) : {}
}
