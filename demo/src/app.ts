// Which requests does the application answer, and who may send them?
import type { Context, Handler } from 'hono'
import { Hono } from 'hono'
import type { Auth, SignedIn } from 'lockjar'
import { AuthError } from 'lockjar'
import { readJson } from './body.ts'
import type { Pages } from './pages.ts'
import { wrongAddress } from './pages.ts'
import type { Tasks } from './tasks.ts'
import { parseChange, parseNewTask } from './tasks.ts'

export function createApp(auth: Auth, tasks: Tasks, pages: Pages): Hono {
  const app = new Hono()

  /** Only signed-in users come in; what the handler throws becomes a problem document. */
  const signedIn =
    (handle: (context: Context, user: SignedIn['user']) => Response | Promise<Response>): Handler =>
    (context) =>
      auth.protect((_request, { user }) => handle(context, user))(context.req.raw)

  app.get(
    '/api/tasks',
    signedIn(async (_context, user) => json(200, { tasks: await tasks.list(user.id) })),
  )
  app.post(
    '/api/tasks',
    signedIn(async ({ req }, user) => {
      const task = await tasks.add(user.id, parseNewTask(await readJson(req.raw)))
      return json(201, { task })
    }),
  )
  app.patch(
    '/api/tasks/:id',
    signedIn(async ({ req }, user) => {
      const task = await tasks.change(user.id, req.param('id') ?? '', parseChange(await readJson(req.raw)))
      return json(200, { task: task ?? notFound() })
    }),
  )
  app.delete(
    '/api/tasks/:id',
    signedIn(async ({ req }, user) => {
      if (!(await tasks.remove(user.id, req.param('id') ?? ''))) notFound()
      return new Response(null, { status: 204, headers: NOT_KEPT })
    }),
  )
  app.all(
    '/api/tasks',
    signedIn(() => otherMethod('GET', 'HEAD', 'POST')),
  )
  app.all(
    '/api/tasks/:id',
    signedIn(() => otherMethod('PATCH', 'DELETE')),
  )
  app.all('/api/*', signedIn(notFound))

  app.get('*', ({ req }) => {
    if (req.header('host')?.toLowerCase() !== auth.config.host) return wrongAddress(auth.config.origin)
    return pages.find(req.path)
  })
  app.all('*', ({ req }) =>
    auth.respond(new AuthError('method_not_allowed', { allow: ['GET', 'HEAD'] }), req.raw),
  )
  return app
}

const NOT_KEPT = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

function json(status: number, body: object): Response {
  return Response.json(body, { status, headers: NOT_KEPT })
}

function notFound(): never {
  throw new AuthError('not_found')
}

function otherMethod(...allow: readonly string[]): never {
  throw new AuthError('method_not_allowed', { allow })
}
