// How stale does a node get, and what becomes of refreshes, when everything goes wrong? `npm run bench -- simulate`.
import type { Report } from '../report.ts'
import { milliseconds } from '../report.ts'
import type { Figures } from './figures.ts'
import { readSetting, spellSetting } from './setting.ts'
import { shrink } from './shrink.ts'
import type { Outcome, Setting } from './simulation.ts'
import { simulate } from './simulation.ts'

const SHARES = [0.5, 0.9, 0.99, 0.999]
const LONGEST_TRACE = 60

export async function measureSimulation(args: readonly string[]): Promise<Report> {
  const setting = readSetting(args)
  const ways: readonly (readonly [string, Setting])[] = [
    ['hints', { ...setting, lostHints: 0 }],
    [`${setting.lostHints * 100} % of hints lost`, setting],
    ['no hints', { ...setting, lostHints: 1 }],
  ]
  const outcomes: [string, Outcome][] = []
  for (const [name, way] of ways) outcomes.push([name, await keepOrTell(await simulate(way))])
  const [, [, middle]] = outcomes as [unknown, [string, Outcome]]
  return {
    title: `Simulation: ${setting.nodes} nodes, ${setting.minutes} minutes, seed ${setting.seed}; no promise was broken`,
    rows: [
      ...outcomes.map(
        ([name, { figures }]) => [`refused elsewhere after, ${name}`, stalenessOf(figures)] as const,
      ),
      ['refreshes', refreshesOf(middle)],
      ...serviceOf(middle.figures),
      ['what had ended, shown again', `${middle.figures.probes} times, accepted too late 0 times`],
      ...outcomes.map(([name, outcome]) => [`speed, ${name}`, speedOf(outcome)] as const),
    ],
    notes: [
      'Staleness is the true time from an acknowledged end until each other node refuses, by knowing or by knowing that it does not know.',
      'Unavailable is 503; absent is no answer in 8 s: of requests to a node with which only this is wrong, and for 5 s after it.',
      `Again: npm run bench -- simulate ${spellSetting(setting)}`,
    ],
  }
}

/** A promise that was broken ends the measurement, with the shortest way there. */
async function keepOrTell(outcome: Outcome): Promise<Outcome> {
  if (!outcome.breach) return outcome
  const { breach, setting, trace } = await shrink(outcome)
  throw new Error(
    [
      breach?.message ?? '',
      '',
      ...trace.slice(-LONGEST_TRACE),
      '',
      `npm run bench -- simulate ${spellSetting(setting)}`,
    ].join('\n'),
  )
}

function stalenessOf({ staleness }: Figures): string {
  if (staleness.length === 0) return 'nothing ended'
  const sorted = Float64Array.from(staleness).sort()
  const at = (share: number): string =>
    milliseconds(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN)
  return `${SHARES.map((share) => `p${share * 100} ${at(share)}`).join(', ')}, max ${at(1)} (${sorted.length} samples)`
}

function refreshesOf({ figures, excused }: Outcome): string {
  const { refreshes, events } = figures
  const count = (name: string): number => refreshes.get(name) ?? 0
  return [
    `${count('rotated')} rotated`,
    `${count('grace')} in the grace`,
    `${count('recovered')} after a lost answer`,
    `${count('ahead')} ahead of the row`,
    `${events.get('session.refresh_reuse') ?? 0} reuses found`,
    `${count('refused')} of ended sessions`,
    `${count('unavailable')} 503`,
    `${excused} owners refused within the stated limits`,
  ].join(', ')
}

function serviceOf({ service }: Figures): readonly (readonly [string, string])[] {
  return [...service].sort().map(([fault, { served, unavailable, absent }]) => {
    const all = served + unavailable + absent
    const share = (count: number): string => `${((100 * count) / all).toFixed(1)} %`
    const text = `served ${share(served)}, unavailable ${share(unavailable)}, absent ${share(absent)} of ${all}`
    return [fault, text] as const
  })
}

function speedOf({ setting, spent, events }: Outcome): string {
  const times = (setting.minutes * 60_000) / spent
  return `${times.toFixed(1)} simulated seconds in one of processor time, ${events} events in ${(spent / 1000).toFixed(1)} s`
}
