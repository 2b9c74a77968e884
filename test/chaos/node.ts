// What runs on a node of the storm? An application with Lockjar, as the guide starts it, that says what it has begun and done.
import { createAuth, readEnvironment } from 'lockjar'
import { toNodeListener } from 'lockjar/node'
import { startServer } from 'lockjar/server'
import { createProbes } from '../../src/cli/probes.ts'

/** What is said of each request and order, by the number that it brought. */
export type Word =
  | { readonly begun: number }
  | { readonly done: number; readonly refused?: string }
  | { readonly listening: true }

/** The roles that a user is to have. */
export interface Order {
  readonly operation: number
  readonly userId: string
  readonly roles: readonly string[]
}

const say = (word: Word): void => {
  if (process.connected) process.send?.(word)
}

type Work = (request: Request, ...rest: never[]) => Promise<Response> | Response

function told<W extends Work>(work: W): W {
  const answer = async (request: Request, ...rest: never[]): Promise<Response> => {
    const operation = Number(request.headers.get('x-operation'))
    say({ begun: operation })
    try {
      return await work(request, ...rest)
    } finally {
      say({ done: operation })
    }
  }
  return answer as W
}

const { options, server: settings } = readEnvironment(process.env)
const { database, redis } = settings
const auth = await createAuth({ ...options, database, redis })
const probes = createProbes(auth)
const verify = auth.protect((_request, { user }) => Response.json({ id: user.id, roles: user.roles }))
const application = told((request: Request) =>
  new URL(request.url).pathname === '/' ? verify(request) : probes.answer(request),
)
const server = await startServer(
  toNodeListener({ ...auth, handler: told(auth.handler.bind(auth)) }, application),
  settings,
)

process.on('message', ({ operation, userId, roles }: Order) => {
  say({ begun: operation })
  auth.users.setRoles(userId, roles).then(
    () => say({ done: operation }),
    (error: { readonly code?: string }) => say({ done: operation, refused: String(error.code ?? error) }),
  )
})
process.once('disconnect', () => process.exit(1))
process.once('SIGTERM', async () => {
  await server.stop(2000)
  await auth.close()
  process.exit(0)
})
say({ listening: true })
