// How is a storm told? What was done, what became of it, how long it took in calm and under faults, and what was violated.
import { quantile } from '../../bench/report.ts'
import type { Violation } from './checker.ts'
import type { Fault, History, Operation } from './history.ts'
import type { Latencies } from './latency.ts'

/** Operations of one violation that are shown, and violations of one rule. */
const MOST_SHOWN = 6
const MOST_OF_A_RULE = 5

export function describe(history: History, violations: readonly Violation[], latencies: Latencies): string {
  return [
    describeOperations(history),
    describeRefusals(history),
    describeFaults(history),
    describeLatencies(latencies),
    describeViolations(violations),
  ].join('\n\n')
}

const seconds = (at: number): string => `${(at / 1000).toFixed(2)} s`
const inMilliseconds = (values: readonly number[], share: number): string =>
  values.length === 0 ? '-' : `${Math.round(quantile(values, share))}`

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows
    .map(
      (row) =>
        `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`,
    )
    .join('\n')
}

const isDuring = (faults: readonly Fault[], { start, end, node }: Operation): boolean =>
  faults.some((fault) => fault.start <= end && start <= fault.end && (fault.node ?? node) === node)

function describeOperations({ operations, faults }: History): string {
  const rows = [['operation', 'ok', 'failed', 'unknown', '503', 'calm p50', 'p99 ms', 'faults p50', 'p99 ms']]
  for (const [kind, of] of Map.groupBy(operations, (each) => each.kind)) {
    const count = (which: (each: Operation) => boolean): string => String(of.filter(which).length)
    const answered = of.filter(({ status, outcome }) => status !== null || outcome === 'ok')
    const times = (during: boolean): readonly number[] =>
      answered.filter((each) => isDuring(faults, each) === during).map(({ start, end }) => end - start)
    const [calm, stormy] = [times(false), times(true)]
    rows.push([
      kind,
      ...(['ok', 'failed', 'unknown'] as const).map((outcome) => count((each) => each.outcome === outcome)),
      count(({ status }) => status === 503),
      inMilliseconds(calm, 0.5),
      inMilliseconds(calm, 0.99),
      inMilliseconds(stormy, 0.5),
      inMilliseconds(stormy, 0.99),
    ])
  }
  return table(rows)
}

function describeRefusals({ operations }: History): string {
  const codes = Map.groupBy(
    operations.filter(({ code }) => code !== null),
    ({ code }) => code,
  )
  const told = [...codes].map(([code, of]) => `${code} ${of.length}`)
  return `refusals: ${told.join(', ') || 'none'}`
}

function describeFaults({ faults, operations }: History): string {
  const zero = Math.min(...operations.map(({ start }) => start))
  const told = faults
    .toSorted((a, b) => a.start - b.start)
    .map(({ kind, node, start, end }) => {
      const hurt = operations.filter(
        (each) =>
          each.outcome === 'unknown' &&
          each.start <= end &&
          start <= each.end &&
          (node ?? each.node) === each.node,
      )
      return [
        seconds(start - zero),
        kind,
        node === null ? 'all' : `node ${node}`,
        seconds(end - start),
        String(hurt.length),
      ]
    })
  return table([['at', 'fault', 'where', 'for', 'unknown'], ...told])
}

function describeLatencies({ hinted, hintless }: Latencies): string {
  if (hinted.length === 0) return 'revocation: not measured'
  const row = (name: string, values: readonly number[]): readonly string[] => [
    name,
    String(values.length),
    ...[0.5, 0.95, 0.99, 1].map((share) => inMilliseconds(values, share)),
  ]
  return table([
    ['revocation, from acknowledgement to refusal elsewhere', 'samples', 'p50', 'p95', 'p99', 'max ms'],
    row('with hints', hinted),
    ...(hintless ? [row('hints lost', hintless)] : []),
  ])
}

function describeViolations(violations: readonly Violation[]): string {
  if (violations.length === 0) return 'violations: none'
  const told = [...Map.groupBy(violations, ({ rule }) => rule)].map(([rule, found]) =>
    [
      `${rule}: ${found.length}. Promised: ${found[0]?.promise}`,
      ...found.slice(0, MOST_OF_A_RULE).map(tell),
    ].join('\n'),
  )
  return `VIOLATIONS: ${violations.length}\n\n${told.join('\n\n')}`
}

function tell({ what, excerpt }: Violation): string {
  const zero = excerpt[0]?.start ?? 0
  return [`  ${what}`, ...excerpt.slice(-MOST_SHOWN).map((each) => `    ${line(each, zero)}`)].join('\n')
}

/** One operation, in one line. */
function line(operation: Operation, zero: number): string {
  const { id, kind, user, node, life, start, end, until, outcome, status, code, session, target, begun } =
    operation
  const { shown, given, password, roles, stolen, phase } = operation
  const facts = {
    session: session?.slice(-6),
    target: target?.slice(-6),
    begun: begun?.slice(-6),
    shown: shown?.generation,
    given: given?.generation,
    password,
    roles,
    stolen: stolen || undefined,
    phase: phase === 'end' ? phase : undefined,
    until: until === end ? undefined : seconds(until - zero),
  }
  const told = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [`${name} ${value}`],
  )
  const answer = [outcome, status, code].filter((each) => each !== null).join(' ')
  return `#${id} ${user} ${kind} at node ${node}.${life} from ${seconds(start - zero)} to ${seconds(end - zero)}: ${answer} (${told.join(', ')})`
}
