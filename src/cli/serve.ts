// How does Lockjar run as a server of its own?
import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { Option } from 'commander'
import { databaseOption, milliseconds, whole, withExamples } from './command.ts'
import type { Io } from './io.ts'
import { say } from './io.ts'
import { explain } from './program.ts'
import { Refusal, Told } from './refusal.ts'
import { serveByWorkers } from './serve-by-workers.ts'
import type { Limits } from './serve-here.ts'
import { serveHere } from './serve-here.ts'
import type { Settings } from './settings.ts'
import { readSettings } from './settings.ts'
import { listenForStop } from './wait.ts'
import { AS_WORKER, openPrimary } from './worker-process.ts'

interface Options extends Pick<Limits, 'drain' | 'grace'> {
  readonly host?: string
  readonly port?: number
  readonly workers?: number | 'auto'
  readonly database?: string
  /** A primary started it. */
  readonly asWorker?: true
}

const ABOUT = `
It answers below basePath (/auth), and two probes: /healthz while the process is
alive, /readyz while the database answers and revocations are known; that one
says 503 from the first moment of a stop. SIGTERM and SIGINT stop it gracefully,
a second one at once. With LOCKJAR_TLS_CERT and LOCKJAR_TLS_KEY it serves https.

With --workers several processes share the port; SIGHUP replaces them in turn,
with new code, a new .env and new certificates, and no request fails.`

export function serve(program: Command, io: Io): void {
  const command = program
    .command('serve')
    .description('Run the server, with the settings of the environment.')
    .option('--host <host>', 'where to listen, in place of HOST')
    .addOption(new Option('--port <number>', 'in place of PORT').argParser(whole(0, 65_535)))
    .addOption(
      new Option(
        '--workers <number>',
        'processes that share the port, or auto, in place of LOCKJAR_WORKERS',
      ).argParser((text) => (text === 'auto' ? text : whole(1, 256)(text))),
    )
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
    .addOption(new Option(AS_WORKER).hideHelp())
    .addHelpText('after', ABOUT)
    .action((options: Options) => run(io, options))
  withExamples(command, [
    'lockjar serve',
    'lockjar serve --host 0.0.0.0 --port 8080 --drain 5s',
    'lockjar serve --workers auto',
  ])
}

async function run(io: Io, options: Options): Promise<void> {
  if (options.asWorker) return serveAsWorker(io, options)
  const settings = settingsOf(io, options)
  const workers = options.workers ?? settings.server.workers
  if (workers === null) return serveAlone(io, options, settings)
  // Each process would have a database of its own, and lose it with the first restart.
  if (settings.server.database === 'sqlite::memory:')
    throw new Refusal(
      'unavailable',
      'workers share a database: sqlite::memory: cannot be shared, write sqlite:PATH',
    )
  await serveByWorkers(io, options, settings.server, workers === 'auto' ? availableParallelism() : workers)
}

const settingsOf = (io: Io, { host, port, database }: Options): Settings =>
  readSettings(io, { HOST: host, PORT: port?.toString(), LOCKJAR_DATABASE_URL: database })

async function serveAlone(io: Io, options: Options, settings: Settings): Promise<void> {
  const stop = listenForStop(io)
  try {
    await serveHere(io, settings, options, {
      ending: stop.first.then(() => 'stop'),
      hurry: stop.second,
      serves: (serving) => say(io, `lockjar serves ${serving.origin} on ${serving.address}`),
    })
  } finally {
    stop.forget()
  }
}

async function serveAsWorker(io: Io, options: Options): Promise<void> {
  const primary = openPrimary()
  if (!primary) throw new Refusal('usage', `${AS_WORKER} is not for people: write --workers 2`)
  // Where they are sent to all processes of a terminal or a service, the primary says what they mean.
  io.onStop(() => {})
  io.onRestart(() => {})
  try {
    const { threads } = await primary.begin
    await serveHere(io, settingsOf(io, options), { ...options, threads }, primary)
  } catch (error) {
    const { exit, line } = explain(error)
    await primary.fails({ exit, line: line ?? 'it ended' }).catch(() => {
      throw error
    })
    throw new Told(exit, { cause: error })
  } finally {
    primary.leave()
  }
}
