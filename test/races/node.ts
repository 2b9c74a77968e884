// What is one process of the application, as far as a race is concerned? All of Lockjar but the network and the timers.
import type { Clock, Handler, Logger, PasswordHasher, Random, Store } from 'lockjar'
import type { Runtime } from '../../src/actions/runtime.ts'
import { createRuntime } from '../../src/auth.ts'
import type { Config } from '../../src/config/config.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import { openSigningKeys } from '../../src/config/signing-keys.ts'
import type { CookiePolicy } from '../../src/core/cookie/policy.ts'
import { createCookiePolicy } from '../../src/core/cookie/policy.ts'
import type { KeyRing } from '../../src/core/keys/ring.ts'
import { createKeyRing } from '../../src/core/keys/ring.ts'
import { createHandler } from '../../src/http/handler.ts'
import { createProtect } from '../../src/http/protect.ts'
import { ORIGIN, SECRET } from '../support/auth.ts'

export type Strategy = Config['strategy']

/** What a process is configured with; no run changes it. */
export interface Installation {
  readonly config: Config
  readonly ring: KeyRing
  readonly signing: Runtime['signing']
  readonly policy: CookiePolicy
}

export async function createInstallation(strategy: Strategy): Promise<Installation> {
  // What is counted has no part in a race of sessions, and would only add steps.
  const options = { baseURL: ORIGIN, secret: SECRET, strategy, rateLimits: 'off' } as const
  const config = resolveConfig(options, () => false)
  const [first, ...rest] = config.secrets
  if (!first) throw new Error('no secret')
  return {
    config,
    ring: await createKeyRing([first, ...rest]),
    signing: await openSigningKeys(config.signing, [first, ...rest]),
    policy: createCookiePolicy(config.cookies),
  }
}

/** The doors of a process. They are made once; what the process remembers is made anew for each run and each restart. */
export interface Doors {
  readonly installation: Installation
  readonly auth: Handler
  readonly app: (request: Request) => Promise<Response>
  /** The process's memory, which the doors look up at each request. */
  readonly runtime: Runtime
}

export function createDoors(installation: Installation): Doors {
  const { config, ring, signing, policy } = installation
  // Its memory is filled in before the first request.
  const runtime = { config, ring, signing, logger: silent } as Runtime
  return {
    installation,
    auth: createHandler(runtime, policy),
    app: createProtect(runtime, policy)(() => new Response(null, { status: 200 })),
    runtime,
  }
}

export interface MemoryParts {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
}

/** Resolves when the process has read the revocation log. */
export function startProcess({ config, ...keys }: Installation, parts: MemoryParts): Promise<Runtime> {
  return createRuntime(
    config,
    keys,
    { ...parts, hasher: anyPassword, logger: silent, mailer: null },
    async () => {},
  )
}

const silent: Logger = { info() {}, warn() {}, error() {} }

/** Passwords have no part in a race. */
const anyPassword: PasswordHasher = {
  hash: async () => 'hash',
  verify: async () => ({ ok: true, mustRehash: false }),
  verifyAbsent: async () => {},
  close: async () => {},
}
