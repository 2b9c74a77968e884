// How is the audit log verified and exported from a terminal?
import type { Command } from 'commander'
import type { AuditBroken, AuditVerdict, AuditWhole, EventFilter } from '../index.ts'
import type { CommonOptions } from './command.ts'
import { databaseOption, jsonOption, withExamples } from './command.ts'
import type { Io } from './io.ts'
import { withAuth } from './open.ts'
import { printFacts, printJson, toMinute } from './print.ts'
import { createProgress } from './progress.ts'
import { Refusal } from './refusal.ts'

/** Lines in one write. */
const CHUNK = 200

const HEADS = `
Rows that were cut off the end are noticed for certain by a verification that is
given an earlier head: keep it on another machine.`

export function audit(program: Command, io: Io): void {
  const group = program
    .command('audit')
    .description('Look into the audit log: is it whole, what does it say?')
  addVerify(group, io)
  addExport(group, io)
}

function addVerify(group: Command, io: Io): void {
  const command = group
    .command('verify')
    .description('Say whether any row was changed, removed or put in; exit with 1 where one was.')
    .option('--head <head>', 'ID:HASH, as an earlier verify has printed it')
    .addOption(databaseOption())
    .addOption(jsonOption())
    .addHelpText('after', HEADS)
    .action(async ({ head, database, json }: CommonOptions & { head?: string }) => {
      const verdict = await withAuth(io, { database, anySecret: true }, ({ audit: log }) =>
        verify(io, log, head),
      )
      if (json) await printJson(io, verdict)
      if (!verdict.ok) throw new Refusal('no', explain(verdict))
      if (!json) await printFacts(io, describe(verdict))
    })
  withExamples(command, ['lockjar audit verify', 'lockjar audit verify --head "$(cat head)" --json'])
}

async function verify(
  io: Io,
  log: { verify(options: object): Promise<AuditVerdict> },
  head: string | undefined,
): Promise<AuditVerdict> {
  let bar: ReturnType<typeof createProgress> | undefined
  const onProgress = (done: number, total: number): void => {
    bar ??= createProgress(io, 'verifying', total)
    bar.update(done)
  }
  try {
    return await log.verify({ onProgress, ...(head !== undefined && { head }) })
  } finally {
    bar?.close()
  }
}

function describe({ rows, removed, first, last, head }: AuditWhole): readonly (readonly [string, string])[] {
  return [
    ['rows', `${rows}, every one as it was written`],
    ['removed', `${removed}, by retention`],
    ['first', first ? `${first.id}, ${toMinute(first.at)}` : '-'],
    ['last', last ? `${last.id}, ${toMinute(last.at)}` : '-'],
    ['head', head],
  ]
}

function explain({ rows, broken: { kind, id } }: AuditBroken): string {
  const reasons: Readonly<Record<typeof kind, string>> = {
    changed: `row ${id} is not as it was written`,
    missing: `row ${id} is missing`,
    cut_off: `row ${id} and what follows were cut off the end, or replaced`,
    anchor_changed: `what retention noted of row ${id} is not as it was written`,
    unknown_key: `row ${id} was written with a secret that is not in LOCKJAR_SECRET or LOCKJAR_AUDIT_SECRET`,
  }
  return `the audit log is not whole: ${reasons[kind]}; ${rows} rows before it are good`
}

interface ExportOptions extends Pick<CommonOptions, 'database'> {
  readonly since?: string
  readonly until?: string
  readonly user?: string
  readonly event?: NonNullable<EventFilter['event']>
}

function addExport(group: Command, io: Io): void {
  const command = group
    .command('export')
    .description('Print events, oldest first, one JSON object a line.')
    .option('--since <instant>', 'from then on: 2026-01-31, or 2026-01-31T12:00:00Z')
    .option('--until <instant>', 'before then')
    .option('--user <id>', 'about one user')
    .option('--event <name>', 'of one kind: session.refresh_reuse')
    .addOption(databaseOption())
    .action(({ database, ...filter }: ExportOptions) =>
      withAuth(io, { database, anySecret: true }, (auth) => print(io, auth.audit.export(filter))),
    )
  withExamples(command, [
    '(umask 077; lockjar audit export > events.jsonl)',
    'lockjar audit export --event session.refresh_reuse --since 2026-01-01',
  ])
}

async function print(io: Io, events: AsyncIterable<object>): Promise<void> {
  const bar = io.stdout.isTTY ? undefined : createProgress(io, 'exporting', null)
  let lines: string[] = []
  let done = 0
  const flush = async (): Promise<void> => {
    if (lines.length > 0) await io.stdout.write(`${lines.join('\n')}\n`)
    lines = []
    bar?.update(done)
  }
  try {
    for await (const event of events) {
      lines.push(JSON.stringify(event))
      done++
      if (lines.length >= CHUNK) await flush()
    }
    await flush()
  } finally {
    bar?.close()
  }
}
