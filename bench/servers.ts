// How are the servers that are measured started, and on which processor?
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../test/support/demo.ts'
import type { ServerProcess } from '../test/support/processes.ts'
import { startServer } from '../test/support/processes.ts'
import type { Questions } from './server.ts'

export type Measured = ServerProcess<Questions>

export interface Group {
  readonly origin: string
  readonly folder: string
  readonly servers: readonly Measured[]
  stop(): Promise<void>
}

export interface GroupOptions {
  readonly count: number
  /** The processor on which they run, where the system can be told. */
  readonly processor?: number
  readonly env?: Readonly<Record<string, string>>
  /** What is started. Default: `server.ts`. */
  readonly entry?: string
}

/** Processes on one SQLite file, in a folder of its own that `stop` removes. */
export async function startGroup({
  count,
  processor,
  env = {},
  entry = 'server.ts',
}: GroupOptions): Promise<Group> {
  const folder = mkdtempSync(join(tmpdir(), 'lockjar-bench-'))
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const origin = `http://localhost:${ports[0]}`
  const { LOCKJAR_STRATEGY: strategy } = process.env
  const servers = await Promise.all(
    ports.map((port) =>
      startServer<Questions>({
        port,
        origin,
        file: join(folder, 'bench.db'),
        entry: join(import.meta.dirname, entry),
        within: processor === undefined ? [] : onProcessor(processor),
        env: { ...(strategy && { LOCKJAR_STRATEGY: strategy }), ...env },
      }),
    ),
  )
  return {
    origin,
    folder,
    servers,
    async stop() {
      await Promise.all(servers.map((each) => each.stop()))
      rmSync(folder, { recursive: true })
    },
  }
}

/** A command that keeps another on one processor; nothing where there is no such command, or no second processor. */
export function onProcessor(processor: number): readonly string[] {
  const command = ['taskset', '-c', String(processor)]
  const works =
    availableParallelism() > 1 && spawnSync(command[0] ?? '', [...command.slice(1), 'true']).status === 0
  return works ? command : []
}
