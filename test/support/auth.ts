// How does a test get a whole Lockjar, with everything real but the clock?
import type {
  Auth,
  AuthOptions,
  LogFields,
  Logger,
  Mailer,
  OnEvent,
  PasswordHasher,
  Random,
  RedisSetting,
  Store,
} from 'lockjar'
import { createAuth } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { createTestClock } from './clock.ts'
import { createGuard } from './egress.ts'

export const ORIGIN = 'https://app.example.com'
export const PASSWORD = 'correct horse battery staple'
export const SECRET = 'S2V5LW9mLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZg'

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly fields: LogFields
  readonly message: string
}

export interface TestAuth {
  readonly auth: Auth
  readonly clock: ReturnType<typeof createTestClock>
  readonly store: Store
  readonly log: LogLine[]
}

export interface TestOptions extends Partial<AuthOptions> {
  /** Default: a fresh one in memory. */
  readonly open?: (clock: ReturnType<typeof createTestClock>) => Store
  /** Default: one of its own; two processes on one store share one. */
  readonly clock?: ReturnType<typeof createTestClock>
  /** Default: the real one. */
  readonly passwordHasher?: PasswordHasher
  /** Default: the system's. */
  readonly random?: Random
  /** Default: mails go nowhere on plain http, and none are sent on https, as in production. See `mail.ts`. */
  readonly mailer?: Mailer
  readonly onEvent?: OnEvent
  /** Default: there is none. */
  readonly redis?: RedisSetting
}

const nowhere: Mailer = { async send() {} }

/**
 * Nothing is limited unless a test asks for it, for tests sign in often. Argon2id is real and as cheap as it can be, which only a plain http origin may ask for; https gets the default cost.
 */
export async function createTestAuth({
  open = openMemory,
  clock = createTestClock(),
  ...options
}: TestOptions = {}): Promise<TestAuth> {
  const store = open(clock)
  const log: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: LogFields, message: string) =>
    log.push({ level, fields, message })
  const logger: Logger = { info: write('info'), warn: write('warn'), error: write('error') }
  const plain = options.baseURL?.startsWith('http:') ?? false
  const egress = createGuard()
  const made = await createAuth({
    baseURL: ORIGIN,
    secret: SECRET,
    rateLimits: 'off',
    ...(plain && { argon2: { memory: 64, passes: 1 }, mailer: nowhere }),
    ...options,
    database: store,
    clock,
    logger: egress.guardLogger(logger),
  })
  const auth: Auth = {
    ...made,
    handler: egress.guard(made.handler),
    protect: ((...args: Parameters<Auth['protect']>) =>
      egress.guard(made.protect(...args))) as Auth['protect'],
  }
  return { auth, clock, store, log }
}
