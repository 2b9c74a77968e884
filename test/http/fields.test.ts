// Can a body say more than its route asks for? On no route, as JSON or as a form, whoever sends it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROUTES } from '../../src/http/routes/index.ts'
import type { Route } from '../../src/http/routes/route.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import { BODIES, fieldsOf } from '../support/bodies.ts'
import { TestBrowser } from '../support/browser.ts'

const LOCAL = 'http://localhost:3000'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'content-type': 'application/json' }

/** What somebody would like to set, as JSON and as a form's text. */
const MORE: readonly (readonly [field: string, json: string, form: string])[] = [
  ['id', '"0198c2f0-0000-7000-8000-000000000000"', '0198c2f0-0000-7000-8000-000000000000'],
  ['userId', '"0198c2f0-0000-7000-8000-000000000000"', '0198c2f0-0000-7000-8000-000000000000'],
  ['roles', '["superuser"]', 'superuser'],
  ['role', '"superuser"', 'superuser'],
  ['emailVerified', 'true', 'true'],
  ['emailVerifiedAt', '1', '1'],
  ['email_verified_at', '1', '1'],
  ['revision', '99', '99'],
  ['passwordHash', '"$2b$10$abcdefghijklmnopqrstuv"', 'x'],
  ['password_hash', '"x"', 'x'],
  ['disabledAt', 'null', ''],
  ['createdAt', '0', '0'],
  ['remember_me', 'true', 'on'],
  ['__proto__', '{"roles":["superuser"]}', 'x'],
  ['constructor', '{"prototype":{"roles":["superuser"]}}', 'x'],
  ['prototype', '{}', 'x'],
  ['toString', '"x"', 'x'],
  ['hasOwnProperty', 'true', 'x'],
]

type SetUp = Awaited<ReturnType<typeof createTestAuth>>
let made: SetUp
let browser: TestBrowser
let before: string

const everything = async () => JSON.stringify(await made.auth.users.list({ order: 'oldest' }))

beforeAll(async () => {
  made = await createTestAuth({ baseURL: LOCAL, rateLimits: 'off' })
  const ada = { email: 'ada@example.com', username: 'ada', password: PASSWORD, roles: ['superuser'] }
  await made.auth.users.create(ada)
  await made.auth.users.create({ email: 'eve@example.com' })
  browser = new TestBrowser(made.auth.handler, LOCAL)
  await browser.post('/auth/login', { username: 'ada', password: PASSWORD })
  before = await everything()
})

afterAll(async () => {
  expect(await everything()).toBe(before)
  expect(({} as { roles?: unknown }).roles).toBeUndefined()
})

const UNSAFE = ROUTES.filter(({ method }) => method !== 'GET')

describe.each(UNSAFE.map((route): [string, Route] => [`${route.method} ${route.path}`, route]))(
  '%s',
  (_name, route) => {
    const fields = fieldsOf(route)
    const body = BODIES[route.operationId] ?? {}
    const { id } = { id: '0198c2f0-0000-7000-8000-000000000000' }
    const path = `/auth${route.path.replaceAll(/:\w+/g, id)}`
    const refused = MORE.filter(([field]) => !fields.includes(field))

    if (fields.length > 0)
      it('has a body here that it would take', () => {
        expect(body, `BODIES.${route.operationId}`).not.toEqual({})
        for (const field of Object.keys(body)) expect(fields).toContain(field)
      })

    it.each(refused)('refuses %s in JSON, by name', async (field, json) => {
      const text = JSON.stringify(body).replace(/^\{(.?)/, (_, first) =>
        first === '}' ? `{"${field}":${json}}` : `{"${field}":${json},${first}`,
      )
      const sent = await browser.send(route.method, path, { body: text, headers: JSON_TYPE, keepJar: true })
      expect([sent.status, sent.body['errors'], sent.cookies]).toEqual([
        422,
        [{ field, code: 'unknown', message: expect.any(String) }],
        [],
      ])
    })

    it.each(refused)('refuses %s in a form', async (field, _json, form) => {
      const text = new URLSearchParams(
        Object.entries({ ...body }).map(([name, value]): [string, string] => [name, String(value)]),
      )
      text.append(field, form)
      const sent = await browser.send(route.method, path, {
        body: String(text),
        headers: FORM,
        keepJar: true,
      })
      expect([sent.status, sent.cookies]).toEqual([422, []])
      const errors = sent.body['errors'] as { field: string; code: string }[]
      expect(errors).toContainEqual(expect.objectContaining({ field, code: 'unknown' }))
    })
  },
)
