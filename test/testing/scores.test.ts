// How do Lockjar, and what the tutorials build with Django, do in the conformance kit? As the guide says.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Profile, Report } from 'lockjar/testing'
import { RULES, runConformance } from 'lockjar/testing'
import { describe, expect, it } from 'vitest'
import { startCli } from '../support/cli.ts'
import { freePort } from '../support/demo.ts'
import { startDjango } from '../support/django.ts'

const ROOT = join(import.meta.dirname, '../..')
const LONGEST = 240_000

const SERVERS = {
  lockjar: startLockjar,
  'django-refresh': () => startDjango('refresh'),
  'django-csrf': () => startDjango('csrf'),
  'django-token': () => startDjango('token'),
} as const
type Server = keyof typeof SERVERS

async function startLockjar() {
  const port = await freePort()
  const child = startCli(['serve'], { env: { PORT: String(port) } })
  const ended = once(child, 'exit')
  if (!child.stdout) throw new Error('the process has no output')
  const early = ended.then(() => Promise.reject(new Error('lockjar serve ended')))
  await Promise.race([once(createInterface({ input: child.stdout }), 'line'), early])
  early.catch(() => {})
  return {
    origin: `http://localhost:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

const profileOf = (name: Server): Profile =>
  JSON.parse(readFileSync(join(ROOT, `test/fixtures/profiles/${name}.json`), 'utf8'))

async function scoreOf(name: Server): Promise<Report> {
  const server = await SERVERS[name]()
  try {
    return await runConformance(server.origin, profileOf(name), { timeLimit: LONGEST })
  } finally {
    await server.stop()
  }
}

const WORDS = { pass: 'yes', fail: '**no**', 'not applicable': '', unknown: '?' } as const

/** The guide's table, by rule, and its last row. */
function guideRows(): ReadonlyMap<string, readonly string[]> {
  const page = readFileSync(join(ROOT, 'docs/guide/testing.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `?([\w-]+|\*\*of 100\*\*)`? \|(.*)\|$/gm)]
  return new Map(
    rows.map(([, id = '', cells = '']) => [id, cells.split('|').map((cell) => cell.trim())] as const),
  )
}

describe('the conformance kit, over HTTP', () => {
  const names = Object.keys(SERVERS) as Server[]

  it.each(names.map((name, column) => [name, column] as const))(
    'scores %s as the guide says',
    async (name, column) => {
      const report = await scoreOf(name)
      const lines = report.results.map(({ id, verdict, evidence }) => `${id}: ${verdict} (${evidence})`)
      console.info(`${report.name}: ${report.score} of 100\n  ${lines.join('\n  ')}`)
      const guide = guideRows()
      const said = RULES.map(({ id }) => `${id} ${guide.get(id)?.[column + 1]}`)
      expect(report.results.map(({ id, verdict }) => `${id} ${WORDS[verdict]}`)).toEqual(said)
      expect(guide.get('**of 100**')?.[column + 1]).toBe(`**${report.score}**`)
      expect(report.ok).toBe(name === 'lockjar')
    },
    LONGEST,
  )

  it('has every rule in the guide, in order', () => {
    const rows = [...guideRows()].filter(([id]) => RULES.some((rule) => rule.id === id))
    expect(rows.map(([id, [level]]) => [id, level])).toEqual(RULES.map(({ id, level }) => [id, level]))
  })
})
