// Does `lockjar conformance` print what it found, and tell scripts whether it was enough?
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { toNodeListener } from 'lockjar/node'
import { RULES } from 'lockjar/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createFolder, createWorld, runHere } from '../support/cli.ts'
import type { Flaw } from '../testing/api.ts'
import { createApi, PROFILE } from '../testing/api.ts'

/** The API that was made up, over real sockets. On http its prefixed cookies are kept for localhost. */
async function serve(...flaws: readonly Flaw[]): Promise<string> {
  const api = createApi(...flaws)
  const server = createServer((incoming, outgoing) => {
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`
    toNodeListener(
      {
        owns: () => true,
        config: { origin },
        // It knows itself under another name.
        async handler(request) {
          const headers = new Headers(request.headers)
          if (headers.get('origin') === origin) headers.set('origin', 'https://app.example.com')
          return api(new Request(request, { headers }))
        },
      },
      () => new Response(),
    )(incoming, outgoing)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

function writeProfile(text = JSON.stringify({ ...PROFILE, refreshGrace: 0 })): string {
  const file = join(createFolder(), 'profile.json')
  writeFileSync(file, text)
  return file
}

describe('lockjar conformance', () => {
  it('prints a table and a score, and ends with 0 where every rule that must hold does', async () => {
    const { status, stdout, stderr } = await runHere(
      ['conformance', await serve('cache'), '--profile', writeProfile()],
      createWorld(),
    )
    expect([status, stderr]).toEqual([0, ''])
    for (const { id } of RULES) expect(stdout).toMatch(new RegExp(`^${id} `, 'm'))
    expect(stdout).toMatch(/^cache +should +fail +what login answers has Cache-Control: none/m)
    expect(stdout).toMatch(
      /\ncache: Answers about somebody .*\n {2}The browser’s cache.*\n {2}OWASP ASVS 5\.0/,
    )
    expect(stdout).toMatch(
      /an API made up: 9\d of 100 \(27 passed, 1 failed, 2 not applicable, 0 unknown; \d+ requests\)\n$/,
    )
  })

  it('ends with 1 where one fails that must hold; --json says all of it', async () => {
    const args = ['conformance', await serve('logout-revokes'), '--profile', writeProfile(), '--json']
    const { status, stdout, stderr } = await runHere(args, createWorld())
    expect([status, stderr]).toEqual([1, 'lockjar: 1 rule fails that must hold\n'])
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ ok: false, name: 'an API made up' })
    expect(report.results.find(({ id }: { id: string }) => id === 'logout-revokes')).toEqual({
      id: 'logout-revokes',
      level: 'must',
      verdict: 'fail',
      what: expect.any(String),
      why: expect.any(String),
      reference: expect.any(String),
      evidence: 'a copy of the credential still works',
    })
  })

  it.each<[what: string, args: (origin: string) => readonly string[], line: RegExp]>([
    [
      'another host',
      () => ['https://www.example.com', '--profile', writeProfile()],
      /www\.example\.com is not this machine.*--i-may-test-this-host/,
    ],
    [
      'a profile that is not there',
      (origin) => [origin, '--profile', 'nowhere.json'],
      /cannot be read: ENOENT/,
    ],
    [
      'a profile that is no JSON',
      (origin) => [origin, '--profile', writeProfile('{')],
      /cannot be read: it is no JSON/,
    ],
    [
      'a profile that is none',
      (origin) => [origin, '--profile', writeProfile('{}')],
      /the profile: name: is missing/,
    ],
    [
      'an API that is not there',
      () => ['http://127.0.0.1:1', '--profile', writeProfile()],
      /does not fit: .*nobody answers/,
    ],
  ])('refuses %s with exit code 3', async (_what, args, line) => {
    const { status, stdout, stderr } = await runHere(['conformance', ...args(await serve())], createWorld())
    expect([status, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(line)
    expect(stderr.split('\n')).toHaveLength(2)
  })
})
