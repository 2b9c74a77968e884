// What is asked of the simulation, in words and figures of a command line?
import { parseArgs } from 'node:util'
import type { FaultName } from './faults.ts'
import { FAULTS } from './faults.ts'
import type { Setting } from './simulation.ts'

const MOST_NODES = 1000
const MOST_MINUTES = 10_000
const MOST_BROWSERS = 10_000

export const DEFAULTS: Setting = {
  nodes: 3,
  seed: 1,
  minutes: 5,
  loss: 0.01,
  lostHints: 0.05,
  drift: 500,
  browsers: 100,
  lifetime: 30_000,
  faults: FAULTS,
  period: 60_000,
  thieves: true,
}

const OPTIONS = {
  nodes: { type: 'string' },
  seed: { type: 'string' },
  minutes: { type: 'string' },
  loss: { type: 'string' },
  'lost-hints': { type: 'string' },
  drift: { type: 'string' },
  browsers: { type: 'string' },
  lifetime: { type: 'string' },
  faults: { type: 'string' },
  period: { type: 'string' },
  'no-thieves': { type: 'boolean' },
} as const

/** @throws {TypeError} for what is not understood. */
export function readSetting(args: readonly string[]): Setting {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true })
  const number = (
    name: Exclude<keyof typeof values, 'no-thieves' | 'faults'>,
    least: number,
    most: number,
  ) => {
    const text = values[name]
    if (text === undefined) return undefined
    const value = Number(text)
    if (text.trim() !== '' && value >= least && value <= most) return value
    throw new TypeError(`--${name} must be from ${least} to ${most}`)
  }
  const nodes = Math.round(number('nodes', 1, MOST_NODES) ?? DEFAULTS.nodes)
  const lifetime = number('lifetime', 5, 3600)
  const period = number('period', 1, 86_400)
  return {
    nodes,
    seed: number('seed', 0, Number.MAX_SAFE_INTEGER) ?? DEFAULTS.seed,
    minutes: number('minutes', 0.1, MOST_MINUTES) ?? DEFAULTS.minutes,
    loss: number('loss', 0, 0.5) ?? DEFAULTS.loss,
    lostHints: number('lost-hints', 0, 1) ?? DEFAULTS.lostHints,
    drift: number('drift', 0, 100_000) ?? DEFAULTS.drift,
    browsers: Math.round(number('browsers', 1, MOST_BROWSERS) ?? Math.max(DEFAULTS.browsers, nodes)),
    lifetime: lifetime === undefined ? DEFAULTS.lifetime : lifetime * 1000,
    faults: readFaults(values.faults),
    period: period === undefined ? DEFAULTS.period : period * 1000,
    thieves: values['no-thieves'] !== true,
  }
}

function readFaults(text: string | undefined): readonly FaultName[] {
  if (text === undefined || text === 'all') return FAULTS
  if (text === 'none') return []
  return text.split(',').map((name) => {
    const fault = FAULTS.find((known) => known === name.trim())
    if (fault) return fault
    throw new TypeError(`--faults: all, none, or some of: ${FAULTS.join(', ')}`)
  })
}

/** The words that lead to this setting again. */
export function spellSetting(setting: Setting): string {
  const { nodes, seed, minutes, loss, lostHints, drift, browsers, lifetime, faults, period, thieves } =
    setting
  const which = faults.length === FAULTS.length ? 'all' : faults.length === 0 ? 'none' : faults.join(',')
  const words = [
    `--nodes ${nodes} --seed ${seed} --minutes ${minutes} --loss ${loss} --lost-hints ${lostHints}`,
    `--drift ${drift} --browsers ${browsers} --lifetime ${lifetime / 1000} --period ${period / 1000}`,
    `--faults '${which}'${thieves ? '' : ' --no-thieves'}`,
  ]
  return words.join(' ')
}
