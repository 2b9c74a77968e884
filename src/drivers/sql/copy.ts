// How does a store move from one database to another, and how is it known that all of it has arrived?
import { sha256 } from '../../core/encoding/digest.ts'
import { AuthError } from '../../errors.ts'
import type { CopiedTable } from './copied-tables.ts'
import { COPIED_TABLES } from './copied-tables.ts'

/** Column by column, as `columnsOf` names them. */
export type CopiedRow = Readonly<Record<string, string | number | null>>

/** A database as it is at one instant, to which nobody else writes meanwhile. */
export interface CopySource {
  count(table: CopiedTable): Promise<number>
  /** Every row in the order of its key, in batches of `BATCH`; only the last one is smaller. */
  rows(table: CopiedTable): AsyncIterable<readonly CopiedRow[]>
  /** The highest id that the audit log has ever given. */
  lastAuditId(): Promise<number>
  /** From now on no server starts on it. Kept only if nothing goes wrong afterwards. */
  markMoved(to: string): Promise<void>
}

/** A database without rows, in which all that is written comes to be at once, or not at all. */
export interface CopyTarget extends Omit<CopySource, 'markMoved'> {
  write(table: CopiedTable, rows: readonly CopiedRow[]): Promise<void>
  /** All rows are there. */
  finish(lastAuditId: number): Promise<void>
}

/** What each driver offers. `place`: where, for messages, without who and how. */
export interface CopyDatabase {
  readonly place: string
  /**
   * @throws {AuthError} `unavailable` where it cannot be reached, is not up to date, has moved before, or a server has it open, which
   * would go on writing to it.
   */
  asSource<T>(work: (source: CopySource) => Promise<T>): Promise<T>
  /** Makes the schema. @throws {AuthError} `unavailable` where it cannot be reached, or holds rows already. */
  asTarget<T>(work: (target: CopyTarget) => Promise<T>): Promise<T>
}

export interface CopiedCount {
  readonly table: CopiedTable
  readonly rows: number
}

export interface CopyProgress {
  /** Rows written and rows compared, of twice all rows. */
  readonly done: number
  readonly total: number
}

/** Rows of a batch: few enough to be quick, and enough that the way there and back matters little. */
export const BATCH = 2000

/** A row that the new database does not take, or gives back otherwise. Nothing is kept. */
export class CopyFailed extends Error {}

/**
 * Writes every row, then reads all of them back and compares. What is written is committed when that has gone well, and only then the
 * old database is marked, unless `keep`.
 *
 * @throws {CopyFailed} where a row cannot be written, or what arrived is not what was sent.
 */
export function moveStore(
  from: CopyDatabase,
  to: CopyDatabase,
  keep: boolean,
  told: (progress: CopyProgress) => void,
): Promise<readonly CopiedCount[]> {
  return from.asSource(async (source) => {
    const copied = await to.asTarget((target) => copyRows(source, target, told))
    if (!keep) await source.markMoved(to.place)
    return copied
  })
}

async function copyRows(
  source: CopySource,
  target: CopyTarget,
  told: (progress: CopyProgress) => void,
): Promise<readonly CopiedCount[]> {
  const counts = new Map<CopiedTable, number>()
  for (const table of COPIED_TABLES) counts.set(table, await source.count(table))
  const total = 2 * [...counts.values()].reduce((sum, rows) => sum + rows, 0)
  let done = 0
  const tell = (rows: number): void => {
    done += rows
    told({ done, total })
  }
  const copied: CopiedCount[] = []
  for (const table of COPIED_TABLES) {
    const sent = createChecksum()
    for await (const rows of source.rows(table)) {
      await sent.add(rows)
      await target.write(table, rows).catch((cause) => refuseRows(table, sent.rows(), cause))
      tell(rows.length)
    }
    const arrived = createChecksum()
    for await (const rows of target.rows(table)) {
      await arrived.add(rows)
      tell(rows.length)
    }
    const [one, other] = [sent.end(), arrived.end()]
    if (one !== other || sent.rows() !== counts.get(table))
      throw new CopyFailed(`${table}: ${sent.rows()} rows sent and ${arrived.rows()} arrived, or they differ`)
    copied.push({ table, rows: arrived.rows() })
  }
  await target.finish(await source.lastAuditId())
  return copied
}

/** What the database says of a row is in its message; the row itself, which may hold anything, is not. */
function refuseRows(table: CopiedTable, last: number, cause: unknown): never {
  if (cause instanceof AuthError || !(cause instanceof Error)) throw cause
  const first = last - ((last - 1) % BATCH)
  throw new CopyFailed(`${table}: one of the rows ${first} to ${last} cannot be written: ${cause.message}`, {
    cause,
  })
}

interface Checksum {
  add(rows: readonly CopiedRow[]): Promise<void>
  rows(): number
  end(): string
}

/** Each batch is hashed with the hash of those before it: what differs anywhere differs at the end. */
function createChecksum(): Checksum {
  let hash = ''
  let count = 0
  return {
    async add(rows) {
      count += rows.length
      hash = await sha256(`${hash}${JSON.stringify(rows.map(Object.values))}`)
    },
    rows: () => count,
    end: () => hash,
  }
}
