// Are the promises kept when everything goes wrong at many nodes at once, and would it be seen if they were not?
import { describe, expect, it } from 'vitest'
import { DATABASE_FAULTS, FAULTS } from '../bench/simulate/faults.ts'
import { PLANTS } from '../bench/simulate/plants.ts'
import { DEFAULTS, readSetting, spellSetting } from '../bench/simulate/setting.ts'
import type { Outcome, Setting } from '../bench/simulate/simulation.ts'
import { simulate } from '../bench/simulate/simulation.ts'

/** Little enough to take seconds. */
const SHORT: Setting = { ...DEFAULTS, minutes: 3, loss: 0.03, browsers: 60, period: 15_000 }

const told = ({ breach, trace }: Outcome): string => (breach ? [breach.message, ...trace].join('\n') : '')

describe('a simulation of many nodes', () => {
  it('breaks no promise, whatever is lost, cut, slow, stopped, killed, restored or set wrong', async () => {
    const { figures, ...outcome } = await simulate({ ...SHORT, minutes: 5, seed: 32, period: 30_000 })
    expect(told({ figures, ...outcome })).toBe('')
    for (const kind of ['rotated', 'grace', 'recovered'])
      expect(figures.refreshes.get(kind)).toBeGreaterThan(0)
    expect(figures.events.get('session.refresh_reuse')).toBeGreaterThan(0)
    expect(figures.probes).toBeGreaterThan(1000)
    for (const fault of FAULTS) expect([...figures.service.keys()]).toContain(fault)
  })

  it('with no hints every other node refuses within the two seconds and what its clock is wrong by', async () => {
    const quiet = FAULTS.filter((name) => !(name in DATABASE_FAULTS))
    const outcome = await simulate({ ...SHORT, nodes: 12, minutes: 1, lostHints: 1, faults: quiet })
    expect(told(outcome)).toBe('')
    const { staleness } = outcome.figures
    expect(staleness.length).toBeGreaterThan(100)
    expect(Math.max(...staleness)).toBeLessThan(2002)
    expect(Math.max(...staleness)).toBeGreaterThan(500)
  })

  it('happens the same way again for the same seed', async () => {
    const setting = { ...SHORT, minutes: 1, seed: 7 }
    const [one, other] = [await simulate(setting), await simulate(setting)]
    expect(other.events).toBe(one.events)
    expect(other.figures.staleness).toEqual(one.figures.staleness)
    expect([...other.figures.refreshes]).toEqual([...one.figures.refreshes])
    expect((await simulate({ ...setting, seed: 8 })).events).not.toBe(one.events)
  })
})

describe('the simulation', () => {
  it.each(PLANTS)('finds $mistake', async ({ breaks, faults, seed, period, plant }) => {
    const setting = { ...SHORT, minutes: 10, seed, faults, ...(period && { period }) }
    const { breach, trace } = await simulate(setting, plant)
    expect(breach?.invariant).toBe(breaks)
    expect(trace.length).toBeGreaterThan(0)
  })

  it('is asked in words that lead to it again', () => {
    const words = '--nodes 30 --seed 9 --loss 0.1 --faults no hints,killed --no-thieves'
    const setting = readSetting(
      words.split(/ (?=--)/).flatMap((each) => each.split(/ (.*)/s).filter(Boolean)),
    )
    expect(setting).toMatchObject({ nodes: 30, seed: 9, loss: 0.1, browsers: 100, thieves: false })
    expect(setting.faults).toEqual(['no hints', 'killed'])
    expect(spellSetting(setting)).toContain('--nodes 30 --seed 9 --minutes 5 --loss 0.1')
    expect(spellSetting(setting)).toContain("--faults 'no hints,killed' --no-thieves")
  })

  it.each([
    ['--nodes', '1001'],
    ['--nodes', ''],
    ['--loss', '2'],
    ['--faults', 'rain'],
    ['--colour', 'blue'],
  ])('does not guess what %s %j means', (...args) => {
    expect(() => readSetting(args)).toThrow()
  })
})
