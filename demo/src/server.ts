// How does a whole application run behind Lockjar, in one process?
import { readFileSync } from 'node:fs'
import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createSecureContext } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { ServerOptions } from 'lockjar'
import { createAuth, readEnvironment } from 'lockjar'
import { toNodeListener } from 'lockjar/node'
import { createApp } from './app.ts'
import { readPages } from './pages.ts'
import { openTasks } from './tasks.ts'

/** Milliseconds that requests on their way may still take after a signal to stop. */
const GRACE = 1000

try {
  await start()
} catch (error) {
  stop(explain(error))
}

async function start(): Promise<void> {
  const { options, server: settings } = readEnvironment(process.env)
  const tls = readTls(settings)
  const pages = readPages(fileURLToPath(new URL('../dist', import.meta.url)))
  const auth = await createAuth({ ...options, database: settings.database })
  const tasks = openTasks(settings.database)
  const app = createApp(auth, tasks, pages)
  const server = createListener(
    tls,
    toNodeListener(auth, (request) => app.fetch(request)),
  )

  server.once('error', (error: NodeJS.ErrnoException) => stop(explainListen(error, settings)))
  server.listen(settings.port, settings.host, () => {
    process.stdout.write(`Lockjar demo: ${auth.config.origin}\n`)
  })

  const end = async (): Promise<void> => {
    setTimeout(() => server.closeAllConnections(), GRACE).unref()
    await new Promise((closed) => server.close(closed))
    tasks.close()
    await auth.close()
    process.exit(0)
  }
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
}

interface TlsFiles {
  readonly cert: Buffer
  readonly key: Buffer
}

/** Before anything else is opened: files that are of no use stop the start. */
function readTls({ tls }: ServerOptions): TlsFiles | null {
  if (!tls) return null
  try {
    const files = { cert: readFileSync(tls.cert), key: readFileSync(tls.key) }
    createSecureContext(files)
    return files
  } catch (cause) {
    const names = `LOCKJAR_TLS_CERT=${tls.cert} and LOCKJAR_TLS_KEY=${tls.key}`
    throw new Error(`${names}: not a certificate and its key, both in PEM`, { cause })
  }
}

function createListener(tls: TlsFiles | null, listener: RequestListener): Server {
  return tls ? createTlsServer(tls, listener) : createServer(listener)
}

function explainListen(error: NodeJS.ErrnoException, { host, port }: ServerOptions): string {
  if (error.code === 'EADDRINUSE') return `port ${port} is in use; set another, such as PORT=${port + 1}`
  if (error.code === 'EACCES') return `port ${port} needs more rights; set another, such as PORT=3000`
  return `cannot listen on ${host}:${port}: ${error.message}`
}

/** One line for a person; a stack would hide it. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}

function stop(message: string): never {
  process.stderr.write(`${message.startsWith('lockjar: ') ? '' : 'lockjar: '}${message}\n`)
  process.exit(1)
}
