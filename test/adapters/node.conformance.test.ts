// Does a server that keeps to `node:http` behave?
import { createServer } from 'node:http'
import { toNodeListener } from 'lockjar/node'
import { conformance } from './conformance.ts'
import { fetchApplication } from './fetch-application.ts'

conformance('node:http', {
  thrown: /internal_error/,
  serve: (auth, acts) => ({ server: createServer(toNodeListener(auth, fetchApplication(auth, acts))) }),
})
