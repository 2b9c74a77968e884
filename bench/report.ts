// How is a result told, so that somebody else can compare? A table, with the machine and the commit.
import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

export interface Report {
  readonly title: string
  readonly rows: readonly (readonly [what: string, value: string])[]
  /** What has to be known to read the figures. */
  readonly notes: readonly string[]
}

export const strategy = (): string => process.env.LOCKJAR_STRATEGY || 'jwt'

export function describeMachine(): string {
  const git = (...args: readonly string[]): string =>
    spawnSync('git', args, { encoding: 'utf8' }).stdout.trim()
  const commit = `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') ? ' with changes' : ''}`
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`
  return [
    `${cpus()[0]?.model.trim() ?? process.arch}, ${availableParallelism()} cores, ${memory}, load ${loadavg()[0]?.toFixed(1)}`,
    `${process.platform}, Node ${process.version}, commit ${commit}, strategy ${strategy()}, ${new Date().toISOString().slice(0, 10)}`,
  ].join('\n')
}

export function print(machine: string, { title, rows, notes }: Report): void {
  const width = Math.max(...rows.map(([what]) => what.length))
  const lines = rows.map(([what, value]) => `| ${what.padEnd(width)} | ${value} |`)
  process.stdout.write(
    [`\n${title}\n`, machine, '', ...lines, '', ...notes.map((note) => `- ${note}`), ''].join('\n'),
  )
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

/** The lower end of the 95 % confidence interval of the median: a rank of the sorted values, of whatever distribution. */
export function lowerBoundOfMedian(values: readonly number[]): number {
  const n = values.length
  const rank = Math.max(0, Math.floor(n / 2 - (1.96 * Math.sqrt(n)) / 2))
  return values.toSorted((a, b) => a - b)[rank] ?? Number.NaN
}

export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`
export const perSecond = (value: number): string => `${Math.round(value).toLocaleString('en')} / s`
export const ratio = (value: number): string => value.toFixed(3)
