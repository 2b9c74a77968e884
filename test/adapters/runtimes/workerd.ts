// How does workerd serve Lockjar? Put together by hand: it has no SQLite, no threads, and no timers outside a request.
import type { Auth } from 'lockjar'
import { composeAuth } from '../../../src/auth.ts'
import { openMemory } from '../../../src/drivers/memory/index.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { plainHasher, toApplication } from './application.ts'

const clock: Clock = { now: () => Date.now(), monotonic: () => Date.now(), every: () => () => {} }
const silent = { info: () => {}, warn: () => {}, error: console.error }

const SECRET = 'S2V5LW9mLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZg'
let opened: Promise<Auth> | undefined

function open(origin: string): Promise<Auth> {
  opened ??= composeAuth({ baseURL: origin, secret: SECRET }, async () => ({
    store: openMemory(clock),
    hasher: plainHasher,
    clock,
    random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    logger: silent,
    lastResort: silent,
    actor: 'app',
    onEvent: null,
    mailer: null,
    background: false,
  }))
  return opened
}

export default {
  async fetch(request: Request): Promise<Response> {
    return toApplication(await open(new URL(request.url).origin))(request)
  },
}
