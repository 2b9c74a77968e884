// Can a server-rendered form post without any script, where the CSRF token is always asked for? (row D2)
import { describe, expect, it } from 'vitest'
import { Application } from '../support/application.ts'
import { createTestAuth, PASSWORD } from '../support/auth.ts'
import type { SendOptions } from '../support/browser.ts'

const ADA = { email: 'ada@example.com', password: PASSWORD }
const FORM: SendOptions = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
const FIELD = /^<input type="hidden" name="csrfmiddlewaretoken" value="([\w-]+)">$/

async function open(baseURL: string, strategy: 'jwt' | 'opaque') {
  const made = await createTestAuth({ baseURL, strategy, csrf: 'token' })
  const app = new Application(made.auth)
  const token = async (): Promise<string> => {
    app.handle(({ csrfField }) => csrfField())
    const page = JSON.parse((await app.get('/app')).text) as string
    return FIELD.exec(page)?.[1] ?? `no field: ${page}`
  }
  return { ...made, app, token }
}

const body = (fields: Record<string, string>): string => String(new URLSearchParams(fields))

const WORLDS = ['http://localhost:3000', 'https://app.example.com'].flatMap((baseURL) => [
  [baseURL, 'jwt'] as const,
  [baseURL, 'opaque'] as const,
])

describe.each(WORLDS)('D2: csrfField() at %s (%s)', (baseURL, strategy) => {
  it('lets a form register, act on a route of the application, and sign out', async () => {
    const { app, token } = await open(baseURL, strategy)
    const csrfmiddlewaretoken = await token()
    const registered = await app.post('/auth/register', body({ ...ADA, csrfmiddlewaretoken }), FORM)
    expect(registered.status).toBe(201)

    const stale = await app.post('/app', body({ csrfmiddlewaretoken }), FORM)
    expect([stale.status, stale.body['code']]).toEqual([403, 'csrf_failed'])
    const fresh = await token()
    expect((await app.post('/app', body({ title: 'milk' }), FORM)).status).toBe(403)
    expect((await app.post('/app', body({ csrfmiddlewaretoken: fresh }), FORM)).status).toBe(200)
    expect((await app.post('/auth/logout', body({ csrfmiddlewaretoken: fresh }), FORM)).status).toBe(204)
  })

  it('lets a visitor’s form begin session data, also where the handler has read the body first', async () => {
    const { app, token } = await open(baseURL, strategy)
    const fields = body({ item: 'milk', csrfmiddlewaretoken: await token() })
    app.handle(async ({ session }, request) => {
      const item = new URLSearchParams(await request.text()).get('item')
      await session.set('item', item)
      return session.get('item')
    })
    expect((await app.post('/app', fields, FORM)).text).toBe('"milk"')
    expect((await app.post('/app', body({ item: 'milk' }), FORM)).status).toBe(403)
  })

  it('is another text at each call, sets its cookie once, and leaves one that is good', async () => {
    const { app } = await open(baseURL, strategy)
    const tokens = () => app.get('/app')
    app.handle(({ csrfToken }) => Promise.all([csrfToken(), csrfToken()]))
    const first = await tokens()
    const second = await tokens()
    const all = [...(JSON.parse(first.text) as string[]), ...(JSON.parse(second.text) as string[])]
    expect(new Set(all).size).toBe(4)
    expect(first.cookies.map(({ name }) => name.replace('__Host-', ''))).toEqual(['csrftoken'])
    expect(second.cookies).toEqual([])
  })

  it('gives a browser whose token is of another session a new one, and a damaged cookie too', async () => {
    const { app, token } = await open(baseURL, strategy)
    const csrfmiddlewaretoken = await token()
    const visitor = app.cookie('csrftoken')
    await app.post('/auth/register', body({ ...ADA, csrfmiddlewaretoken }), FORM)
    for (const planted of [visitor, 'rubbish']) {
      app.setCookie('csrftoken', planted)
      const fresh = await token()
      expect(app.cookie('csrftoken')).not.toBe(planted)
      expect((await app.post('/app', body({ csrfmiddlewaretoken: fresh }), FORM)).status).toBe(200)
    }
  })
})
