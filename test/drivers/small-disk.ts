// What is a writer thread whose disk is full at once?
import { parentPort, workerData } from 'node:worker_threads'
import { CompiledQuery } from 'kysely'
import { openConnection } from '../../src/drivers/sqlite/connection.ts'
import { serveCommands } from '../../src/drivers/sqlite/serve-commands.ts'

const { path, pages } = workerData as { readonly path: string; readonly pages: number }
const connection = openConnection(path)
const limit = CompiledQuery.raw(`PRAGMA max_page_count = ${pages}`)
connection.all({ compile: () => limit })
if (parentPort) serveCommands(parentPort, connection)
