// Is the OpenAPI document true? Every answer of a whole visit is held against it.
import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { expect, it } from 'vitest'
import { CODES } from '../../src/errors.ts'
import { ROUTES } from '../../src/http/routes/index.ts'
import * as schemas from '../../src/http/schemas.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { Sent } from '../support/browser.ts'
import { TestBrowser } from '../support/browser.ts'
import { NO_MAILER, watchOutbox } from '../support/mailbox.ts'

interface Operation {
  readonly responses: Record<string, { description: string; content?: Record<string, unknown> }>
}

const LOCAL = 'http://localhost:3000'
const ADA = { email: 'ada@example.com', password: PASSWORD, username: 'ada' }

it('names every route, and every status that a visit meets, with bodies as its schemas say', async () => {
  const { auth, clock, store } = await createTestAuth({ baseURL: LOCAL, mailer: NO_MAILER })
  const mails = watchOutbox(store)
  const browser = new TestBrowser(auth.handler, LOCAL)
  const { body: document } = await browser.get('/auth/openapi.json')
  expect(document).toMatchObject({ openapi: '3.1.0', servers: [{ url: LOCAL }] })
  const paths = document['paths'] as Record<string, Record<string, Operation>>
  expect(Object.values(paths).flatMap((path) => Object.keys(path)).length).toBe(ROUTES.length)

  const visited = new Set<string>()
  const visit = async (method: string, path: string, body?: unknown, options = {}) => {
    const sent: Sent = await browser.send(method, path, { ...options, ...(body !== undefined && { body }) })
    const route = ROUTES.find(
      (entry) =>
        entry.method === method &&
        new RegExp(`^/auth${entry.path.replaceAll(/:\w+/g, '[^/]+')}$`).test(path.replace(/\?.*/, '')),
    )
    if (!route) throw new Error(`no route for ${method} ${path}`)
    visited.add(route.operationId)
    const documented =
      paths[`/auth${route.path.replaceAll(/:(\w+)/g, '{$1}')}`]?.[method.toLowerCase()]?.responses[
        sent.status
      ]
    expect(documented, `${method} ${path} ${sent.status}`).toBeDefined()
    if (sent.status >= 400) {
      expect(documented?.description, path).toContain(`\`${sent.body['code']}\``)
      expect(v.is(schemas.problemAnswer, sent.body)).toBe(true)
    } else if (route.success.schema) expect(v.is(route.success.schema, sent.body), sent.text).toBe(true)
    else expect(sent.text).toBe('')
  }

  await visit('GET', '/auth/csrf')
  await visit('GET', '/auth/jwks.json')
  await visit('GET', '/auth/me')
  await visit('POST', '/auth/register', ADA)
  await visit('POST', '/auth/register', ADA)
  await visit('POST', '/auth/register', { email: 1 })
  await visit('POST', '/auth/login', { username: 'ada', password: 'wrong password' })
  await visit('POST', '/auth/login', { username: 'ada', password: PASSWORD })
  await visit('PATCH', '/auth/me', { name: 'Ada' })
  await visit('GET', '/auth/me')
  await visit('GET', '/auth/sessions')
  await visit('POST', '/auth/refresh')
  await visit('POST', '/auth/step-up', { password: 'wrong password' })
  await visit('POST', '/auth/step-up', { password: PASSWORD })
  await visit('POST', '/auth/sessions/revoke-others')
  await visit('DELETE', '/auth/sessions/nothing')
  const { id } = await auth.users.create({ email: 'eve@example.com', roles: ['superuser'] })
  await visit('GET', '/auth/admin/users')
  await auth.users.setRoles((await auth.users.find({ username: 'ada' }))?.id ?? '', ['superuser'])
  await visit('POST', '/auth/refresh')
  await visit('GET', '/auth/admin/users?limit=1')
  await visit('GET', '/auth/admin/users?limit=0')
  await visit('POST', '/auth/admin/users/search', { search: 'eve' })
  await visit('POST', `/auth/admin/users/${id}/reset`)
  await visit('POST', '/auth/admin/users', { email: 'bob@example.com' })
  await visit('POST', '/auth/admin/users', { email: 'bob@example.com' })
  await visit('GET', `/auth/admin/users/${id}`)
  await visit('GET', '/auth/admin/users/nobody')
  await visit('POST', `/auth/admin/users/${id}/disable`)
  await visit('POST', `/auth/admin/users/${id}/enable`)
  await visit('POST', `/auth/admin/users/${id}/roles`, { roles: ['superuser', 'editor'] })
  await visit('GET', `/auth/admin/users/${id}/sessions`)
  await visit('DELETE', `/auth/admin/users/${id}/sessions/nothing`)
  await visit('DELETE', `/auth/admin/users/${id}/sessions`)
  await visit('POST', '/auth/logout', undefined, { site: 'cross-site', origin: 'https://evil.example' })
  clock.advance(600_000)
  await visit('GET', '/auth/me')
  await visit('POST', '/auth/refresh')
  await visit('POST', '/auth/logout-all')
  await visit('POST', '/auth/login', { username: 'ada', password: PASSWORD })
  await visit('POST', '/auth/password/change', { currentPassword: PASSWORD, newPassword: 'x' })
  await visit('POST', '/auth/password/change', { currentPassword: PASSWORD, newPassword: PASSWORD })
  await visit('POST', '/auth/email/change', { email: 'new@example.com', password: 'wrong password' })
  await visit('POST', '/auth/email/change', { email: 'new@example.com', password: PASSWORD })
  const move = { token: await mails.token('confirm-email-change') }
  await visit('POST', '/auth/email/change/confirm', move, { headers: { cookie: '' } })
  await visit('POST', '/auth/email/change/confirm', move)
  await visit('POST', '/auth/email/verify/request')
  const proof = { token: await mails.token('verify-email') }
  await visit('POST', '/auth/email/verify', proof)
  await visit('POST', '/auth/password/forgot', { email: 'new@example.com' })
  await visit('POST', '/auth/password/reset', { token: 'x', newPassword: PASSWORD })
  const newPassword = 'another horse, another battery'
  await visit('POST', '/auth/password/reset', { token: await mails.token('reset-password'), newPassword })
  await visit('POST', '/auth/login', { username: 'ada', password: newPassword })
  await visit('DELETE', '/auth/me', { password: newPassword })
  await visit('POST', '/auth/logout')
  expect([...visited].sort()).toEqual(ROUTES.map(({ operationId }) => operationId).sort())
})

it('is generated from the schemas that validate', async () => {
  const { auth } = await createTestAuth({ baseURL: LOCAL, basePath: '/id' })
  const { body: document } = await new TestBrowser(auth.handler, LOCAL).get('/id/openapi.json')
  const { $schema: _, ...login } = toJsonSchema(schemas.loginBody, { errorMode: 'ignore', typeMode: 'input' })
  const paths = document['paths'] as Record<
    string,
    { post: { requestBody: { content: { 'application/json': { schema: unknown } } } } }
  >
  expect(paths['/id/login']?.post.requestBody.content['application/json'].schema).toEqual(login)
  expect(login).toMatchObject({ additionalProperties: false, required: ['password'] })
})

it('names only codes that exist', () => {
  for (const { refusals } of ROUTES) for (const code of refusals) expect(Object.keys(CODES)).toContain(code)
})
