// Does a server of `fetch` handlers behave, with Lockjar's routes composed into its own?
import { createServer } from 'node:http'
import { toFetchHandler } from 'lockjar/fetch'
import { toNodeListener } from 'lockjar/node'
import { conformance } from './conformance.ts'
import { fetchApplication } from './fetch-application.ts'

/** Node speaks no `fetch` to its clients: everything goes to the handler under test. */
conformance('fetch', {
  thrown: /internal_error/,
  serve: (auth, acts) => ({
    server: createServer(
      toNodeListener(
        {
          handler: toFetchHandler(auth, fetchApplication(auth, acts)),
          owns: () => true,
          config: auth.config,
        },
        () => new Response(null, { status: 500 }),
      ),
    ),
  }),
})
