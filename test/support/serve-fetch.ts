// How does Node serve a module that exports `{ port, hostname, fetch }`, as Bun does by itself? `node serve-fetch.ts FILE`
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import type { FetchHandler } from 'lockjar/fetch'
import { toNodeListener } from 'lockjar/node'

const [, , file = ''] = process.argv
const { default: served } = (await import(pathToFileURL(file).href)) as {
  default: { port: number; hostname: string; fetch: FetchHandler }
}
const { port, hostname, fetch } = served
const all = { handler: fetch, owns: () => true, config: { origin: `http://localhost:${port}` } }
createServer(toNodeListener(all, fetch)).listen(port, hostname)
