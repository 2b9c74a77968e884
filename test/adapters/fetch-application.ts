// What is the application of the conformance suite where a handler is a function of a web-standard request?
import type { AppHandler, Auth, ProtectOptions, SignedIn, Visitor } from 'lockjar'
import type { Acts } from './conformance.ts'

type Handler = (request: Request) => Response | Promise<Response>

export function fetchApplication(auth: Auth, acts: Acts): Handler {
  const routes = new Map<string, Handler>()
  const open = (route: string, handler: AppHandler<Visitor>): void => {
    const called: AppHandler<Visitor> = (...args) => {
      acts.called(route)
      return handler(...args)
    }
    routes.set(route, auth.protect(called, { anonymous: true }))
  }
  const guarded = (route: string, handler: AppHandler<SignedIn>, options?: ProtectOptions): void => {
    const called: AppHandler<SignedIn> = (...args) => {
      acts.called(route)
      return handler(...args)
    }
    routes.set(route, auth.protect(called, options))
  }
  open('GET /open', (_request, { user }) => Response.json({ id: user?.id ?? null }))
  open('POST /open', () => new Response('posted'))
  guarded('GET /me', (_request, { user }) => Response.json({ id: user.id }))
  guarded('GET /edit', () => new Response('edited'), { roles: ['editor'] })
  guarded('POST /pay', () => new Response('paid'), { recentAuth: '15m' })
  guarded('POST /echo', async (request) => Response.json(await request.json()))
  open('GET /cookie', () => {
    const headers = { 'set-cookie': 'theme=dark', 'cache-control': 'public' }
    return new Response('', { headers })
  })
  open('GET /throws', () => {
    throw new Error('a mistake of the application')
  })
  guarded('GET /stream', () => new Response(streamOf(acts.chunks())))
  routes.set('POST /webhook', () => new Response('hooked'))

  const nothing = auth.protect(() => new Response(null, { status: 404 }), { anonymous: true })
  return (request) => {
    const method = request.method === 'HEAD' ? 'GET' : request.method
    return (routes.get(`${method} ${new URL(request.url).pathname}`) ?? nothing)(request)
  }
}

function streamOf(texts: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = texts[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(new TextEncoder().encode(value))
    },
  })
}
