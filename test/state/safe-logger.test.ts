// Does anything fail because a line of the log could not be written?
import { createAuth } from 'lockjar'
import { openMemory } from 'lockjar/memory'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { LogFields, Logger } from '../../src/ports/logger.ts'
import { createHook } from '../../src/state/hook.ts'
import { createSafeLogger } from '../../src/state/safe-logger.ts'
import { PASSWORD, SECRET } from '../support/auth.ts'
import { TestBrowser } from '../support/browser.ts'
import { createTestClock } from '../support/clock.ts'

const each = (write: (fields: LogFields, message: string) => unknown): Logger => ({
  info: write,
  warn: write,
  error: write,
})

const fail = (): never => {
  throw new Error('no space left, asked by ada@example.com')
}
const FAILING: readonly [what: string, logger: Logger][] = [
  ['throws', each(fail)],
  ['rejects', each(async () => fail())],
]

/** Node ends a process for one of these. */
function watchRejections(): unknown[] {
  const seen: unknown[] = []
  const heard = (reason: unknown): void => void seen.push(reason)
  process.on('unhandledRejection', heard)
  onTestFinished(() => void process.off('unhandledRejection', heard))
  return seen
}
const turn = (): Promise<void> => new Promise((go) => setImmediate(go))

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe.each(FAILING)('a logger that %s', (_what, logger) => {
  it('fails nothing: its lines go elsewhere, masked, and that it failed is said once', async () => {
    const unhandled = watchRejections()
    const lines: unknown[] = []
    const safe = createSafeLogger(
      logger,
      each((...line) => lines.push(line)),
    )
    safe.info({ event: 'one' }, 'mail to bob@example.com')
    await turn()
    safe.error({ event: 'two', error: new Error('for bob@example.com') }, 'x')
    await turn()
    expect(lines).toEqual([
      [
        expect.objectContaining({
          event: 'logger.failed',
          error: 'Error: no space left, asked by [address]',
        }),
        'the logger failed',
      ],
      [{ event: 'one' }, 'mail to [address]'],
      [expect.objectContaining({ event: 'two', error: 'Error: for [address]' }), 'x'],
    ])
    expect(unhandled).toEqual([])
  })

  it('fails nothing where the last resort fails as well', async () => {
    const unhandled = watchRejections()
    const safe = createSafeLogger(logger, logger)
    expect(() => safe.warn({ event: 'one' }, 'x')).not.toThrow()
    await turn()
    expect(unhandled).toEqual([])
  })

  it('fails no call of onEvent, and no end of it', async () => {
    const unhandled = watchRejections()
    const clock = createTestClock()
    const hook = createHook({ onEvent: fail, clock, logger: createSafeLogger(logger, logger) })
    const event = { name: 'login.failed', at: '', user: null, actor: null, session: null } as const
    hook.tell({ ...event, ip: null, userAgent: null, details: {} })
    await hook.close()
    await turn()
    expect(unhandled).toEqual([])
  })

  it('fails no request, whether its act succeeds or is refused, and no event is lost', async () => {
    const unhandled = watchRejections()
    const written: string[] = []
    const { write } = process.stderr
    process.stderr.write = (line: string | Uint8Array) => written.push(String(line)) > 0
    onTestFinished(() => {
      process.stderr.write = write
    })
    const clock = createTestClock()
    const base = 'http://localhost:3000'
    const auth = await createAuth({
      baseURL: base,
      secret: SECRET,
      rateLimits: 'off',
      argon2: { memory: 64, passes: 1 },
      mailer: { send: async () => {} },
      database: openMemory(clock),
      clock,
      logger,
      onEvent: fail,
    })
    closing.push(() => auth.close())
    const browser = new TestBrowser(auth.handler, base)
    const ada = { email: 'ada@example.com', password: PASSWORD }
    const statuses = [
      await browser.post('/auth/register', ada),
      await browser.post('/auth/logout', {}),
      await browser.post('/auth/login', { ...ada, password: 'wrong password' }),
      await browser.post('/auth/login', ada),
    ].map(({ status }) => status)
    await turn()
    expect(statuses).toEqual([201, 204, 401, 200])
    const { events } = await auth.audit.list({ event: 'login.failed' })
    expect(events).toHaveLength(1)
    expect(unhandled).toEqual([])
    expect(written.filter((line) => line.includes('"logger.failed"'))).toHaveLength(1)
    expect(written.join('')).not.toMatch(/ada@/)
  })
})
