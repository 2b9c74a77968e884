// How does Lockjar run as a server of its own?
import type { Command } from 'commander'
import { Option } from 'commander'
import { toNodeListener } from '../adapters/node.ts'
import { openLogger } from '../drivers/node/console-logger.ts'
import type { RunningServer, ServerSettings } from '../drivers/node/server.ts'
import { startServer } from '../drivers/node/server.ts'
import { databaseOption, milliseconds, whole, withExamples } from './command.ts'
import type { Io } from './io.ts'
import { createProbes } from './probes.ts'
import { Refusal } from './refusal.ts'
import { readSettings } from './settings.ts'
import { listenForStop, wait } from './wait.ts'

interface Options {
  readonly host?: string
  readonly port?: number
  readonly database?: string
  /** Milliseconds. */
  readonly drain: number
  readonly grace: number
}

const ABOUT = `
It answers below basePath (/auth), and two probes: /healthz while the process is
alive, /readyz while the database answers and revocations are known; that one
says 503 from the first moment of a stop. SIGTERM and SIGINT stop it gracefully,
a second one at once. With LOCKJAR_TLS_CERT and LOCKJAR_TLS_KEY it serves https.`

export function serve(program: Command, io: Io): void {
  const command = program
    .command('serve')
    .description('Run the server, with the settings of the environment.')
    .option('--host <host>', 'where to listen, in place of HOST')
    .addOption(new Option('--port <number>', 'in place of PORT').argParser(whole(1, 65_535)))
    .addOption(databaseOption())
    .addOption(
      new Option('--drain <duration>', 'still accept after a signal, for load balancers')
        .default(0, '0s')
        .argParser(milliseconds(0, 60_000)),
    )
    .addOption(
      new Option('--grace <duration>', 'longest that requests may then take')
        .default(8000, '8s')
        .argParser(milliseconds(0, 600_000)),
    )
    .addHelpText('after', ABOUT)
    .action((options: Options) => run(io, options))
  withExamples(command, ['lockjar serve', 'lockjar serve --host 0.0.0.0 --port 8080 --drain 5s'])
}

async function run(io: Io, { host, port, database, drain, grace }: Options): Promise<void> {
  const { options, server: settings } = readSettings(io, {
    HOST: host,
    PORT: port?.toString(),
    LOCKJAR_DATABASE_URL: database,
  })
  const stop = listenForStop(io)
  const { createAuth } = await import('../index.ts')
  const auth = await createAuth({
    ...options,
    database: settings.database,
    redis: settings.redis,
    logger: await openLogger(settings.logLevel),
  })
  try {
    const probes = createProbes(auth)
    const server = await startServer(toNodeListener(auth, probes.answer), settings)
    // A server goes on when nobody reads what it says.
    await io.stdout.write(`lockjar serves ${auth.config.origin} on ${addressOf(settings)}\n`).catch(() => {})
    await stop.first
    probes.stop()
    await Promise.race([wait(io, drain), stop.second])
    if (!(await endRequests(server, grace, stop.second)))
      throw new Refusal('no', 'some requests took too long to wait for, and were broken off')
  } finally {
    stop.forget()
    await auth.close()
  }
}

/** Says whether all had their answers. */
function endRequests(server: RunningServer, grace: number, hurry: Promise<unknown>): Promise<boolean> {
  return Promise.race([server.stop(grace), hurry.then(() => server.stop(0))])
}

function addressOf({ host, port }: ServerSettings): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
