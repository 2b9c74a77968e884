// Is a log by pino the same as the built-in one, line by line?
import type { LogFields } from 'lockjar'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createConsoleLogger, openLogger } from '../../src/drivers/node/console-logger.ts'
import { openPinoLogger } from '../../src/drivers/node/pino-logger.ts'
import { createSafeLogger } from '../../src/state/safe-logger.ts'

type Line = Readonly<Record<string, unknown>>

function collect() {
  const lines: Line[] = []
  return { lines, stream: { write: (line: string) => void lines.push(JSON.parse(line) as Line) } }
}

const FIELDS: LogFields = {
  event: 'session.refresh_reuse',
  user: 'u',
  count: 3,
  isLive: false,
  nothing: null,
  left: undefined,
  error: Object.assign(new Error('no room for ada@example.com'), {
    code: 'ENOSPC',
    envelope: ['ada@example.com'],
  }),
}

describe.each([
  [
    'pino',
    async (level: 'info' | 'warn' | 'error', stream: { write(line: string): void }) =>
      openPinoLogger(level, stream),
  ],
  [
    'the built-in logger',
    async (level: 'info' | 'warn' | 'error', stream: { write(line: string): void }) =>
      createConsoleLogger(level, stream),
  ],
])('%s', (_name, open) => {
  it('writes one flat object a line: level, time, what it was given, and the message', async () => {
    const { lines, stream } = collect()
    const logger = await open('info', stream)
    if (!logger) throw new Error('it is installed')
    const safe = createSafeLogger(logger, logger)
    safe.info({ event: 'a' }, 'one')
    safe.warn(FIELDS, 'two, for ada@example.com')
    safe.error({ event: 'c' }, 'three')
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        event: 'a',
        message: 'one',
      },
      {
        level: 'warn',
        time: expect.any(String),
        event: 'session.refresh_reuse',
        user: 'u',
        count: 3,
        isLive: false,
        nothing: null,
        error: 'Error: no room for [address]',
        errorCode: 'ENOSPC',
        stack: expect.stringMatching(/^Error: no room for \[address\]\n +at /),
        message: 'two, for [address]',
      },
      { level: 'error', time: expect.any(String), event: 'c', message: 'three' },
    ])
  })

  it.each([
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
  ] as const)('at the level %s writes %j', async (level, written) => {
    const { lines, stream } = collect()
    const logger = await open(level, stream)
    for (const each of ['info', 'warn', 'error'] as const) logger?.[each]({ event: 'x' }, 'x')
    expect(lines.map((line) => line.level)).toEqual(written)
  })
})

it('pino as it comes may be the logger: nothing has to be configured to keep it from telling', () => {
  const { lines, stream } = collect()
  const logger = pino({}, stream)
  createSafeLogger(logger, logger).error(FIELDS, 'failed for ada@example.com')
  expect(lines).toMatchObject([{ msg: 'failed for [address]', error: 'Error: no room for [address]' }])
  expect(JSON.stringify(lines)).not.toContain('ada@')
})

it('a server’s log goes by pino where it is installed', async () => {
  const { lines, stream } = collect()
  const logger = await openLogger('info', stream)
  logger.info({ event: 'x' }, 'x')
  expect(lines).toEqual([{ level: 'info', time: expect.any(String), event: 'x', message: 'x' }])
})
