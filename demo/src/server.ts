// How does a whole application run behind Lockjar, in one process?
import { fileURLToPath } from 'node:url'
import { createAuth, readEnvironment } from 'lockjar'
import { toNodeListener } from 'lockjar/node'
import { startServer } from 'lockjar/server'
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
  const pages = readPages(fileURLToPath(new URL('../dist', import.meta.url)))
  const auth = await createAuth({ ...options, database: settings.database, redis: settings.redis })
  const tasks = await openTasks(settings.database)
  const app = createApp(auth, tasks, pages)
  const server = await startServer(
    toNodeListener(auth, (request) => app.fetch(request)),
    settings,
  )
  process.stdout.write(`Lockjar demo: ${auth.config.origin}\n`)

  const end = async (): Promise<void> => {
    await server.stop(GRACE)
    await tasks.close()
    await auth.close()
    process.exit(0)
  }
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
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
