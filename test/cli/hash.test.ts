// Are the proposed cost parameters the strongest that fit, and never too weak?
import { describe, expect, it } from 'vitest'
import type { Machine } from '../../src/cli/calibrate.ts'
import { calibrate } from '../../src/cli/calibrate.ts'
import { runCli } from '../support/cli.ts'
import { createTestClock } from '../support/clock.ts'

const GIB = 2 ** 30

interface Made {
  /** Milliseconds for a MiB and a pass. */
  readonly speed: number
  readonly threads?: number
  readonly memory?: number
  readonly target?: number
  readonly budget?: number
}

/** A machine on which time is what the test says. Each measurement takes four hashes. */
async function propose({ speed, threads = 1, memory = 64 * GIB, target = 250, budget = 60_000 }: Made) {
  const clock = createTestClock()
  const machine: Machine = {
    threads,
    memory,
    async measure(cost) {
      const milliseconds = (cost.memory / 1024) * cost.passes * speed
      clock.advance(milliseconds * 4)
      return milliseconds
    },
  }
  const found = await calibrate(machine, { target, budget }, clock)
  const { proposal, limits, candidates } = found
  return {
    found,
    spent: clock.monotonic(),
    count: candidates.length,
    proposed: [proposal.memory, proposal.passes],
    limits: [...limits],
  }
}

describe('the proposal', () => {
  it.each<[what: string, made: Made, memory: number, passes: number, limits: readonly string[]]>([
    ['most memory first, then passes', { speed: 1 }, 131_072, 1, []],
    ['passes where memory ends', { speed: 1, memory: 0.05 * GIB }, 47_104, 5, ['memory']],
    ['less memory for more threads', { speed: 1, memory: 0.05 * GIB, threads: 2 }, 19_456, 10, ['memory']],
    ['a fast machine', { speed: 0.1 }, 1_048_576, 2, []],
    ['a generous target', { speed: 1, target: 1000 }, 524_288, 1, []],
    ['OWASP’s minimum on a slow machine', { speed: 20 }, 19_456, 2, ['slow']],
    [
      'OWASP’s minimum where there is little memory',
      { speed: 1, memory: 1024, target: 50 },
      19_456,
      2,
      ['memory'],
    ],
    ['what was tried, where time is up', { speed: 1, budget: 1000 }, 19_456, 10, ['budget']],
  ])('%s', async (_what, made, memory, passes, limits) => {
    const { proposed, limits: met } = await propose(made)
    expect([proposed, met]).toEqual([[memory, passes], limits])
  })

  it('is never below OWASP’s minimum, nor slower than the target unless that is', async () => {
    for (const speed of [0.05, 0.3, 1, 2.5, 6, 30])
      for (const target of [10, 100, 250, 1000]) {
        const { found } = await propose({ speed, target })
        const { memory, passes, milliseconds } = found.proposal
        expect(memory >= 47_104 || (memory >= 19_456 && passes >= 2)).toBe(true)
        if (!found.limits.includes('slow')) expect(milliseconds).toBeLessThanOrEqual(target)
      }
  })

  it('is found within the time for it, but for what was begun', async () => {
    for (const speed of [0.05, 1, 6]) {
      const { spent } = await propose({ speed, budget: 2000, target: 2000 })
      expect(spent).toBeLessThanOrEqual(2000 + 4 * 38 * speed)
    }
  })

  it('measures a little less where a measurement was over the target after all', async () => {
    const clock = createTestClock()
    const asked: number[] = []
    const machine: Machine = {
      threads: 1,
      memory: 0,
      async measure({ passes }) {
        asked.push(passes)
        return passes * (passes > 2 ? 60 : 40)
      },
    }
    const { proposal } = await calibrate(machine, { target: 250, budget: 60_000 }, clock)
    expect([asked, proposal.passes]).toEqual([[2, 6, 4], 4])
  })
})

describe('lockjar hash calibrate', () => {
  it('measures this machine and prints a table and the lines to set', async () => {
    const { status, stdout, stderr } = await runCli([
      'hash',
      'calibrate',
      '--budget',
      '1s',
      '--target',
      '10ms',
    ])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(
      /^MEMORY +PASSES +ONE SIGN-IN +SIGN-INS\/S +ALL THREADS\n19 MiB +2 +\d+ ms +[\d.]+ +\d+ MiB +<- proposed\n/,
    )
    expect(stdout).toMatch(
      /\nLOCKJAR_ARGON2_MEMORY=19456\nLOCKJAR_ARGON2_PASSES=2\nLOCKJAR_ARGON2_PARALLELISM=1\n$/,
    )
  })

  it('prints one JSON value', async () => {
    const { stdout } = await runCli(['hash', 'calibrate', '--budget', '1s', '--target', '10ms', '--json'])
    expect(JSON.parse(stdout)).toEqual({
      threads: expect.any(Number),
      target: 10,
      candidates: expect.any(Array),
      proposal: {
        memory: 19_456,
        passes: 2,
        parallelism: 1,
        milliseconds: expect.any(Number),
        signInsPerSecond: expect.any(Number),
      },
      limits: expect.any(Array),
      env: { LOCKJAR_ARGON2_MEMORY: 19_456, LOCKJAR_ARGON2_PASSES: 2, LOCKJAR_ARGON2_PARALLELISM: 1 },
    })
  })

  it.each([['0ms'], ['1h'], ['fast'], ['250']])('refuses a target of %s', async (target) => {
    const { status, stderr } = await runCli(['hash', 'calibrate', '--target', target])
    expect(status).toBe(2)
    expect(stderr).toMatch(/Write a time such as 500ms, 10s or 2m/)
  })
})
