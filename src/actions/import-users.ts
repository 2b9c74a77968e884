// How do the users of another system come here, many at a time?
import { createUuid } from '../core/encoding/uuid.ts'
import { toKey } from '../core/user/identifier.ts'
import type { ImportedUser, ImportFields } from '../core/user/import-row.ts'
import { readImportRow } from '../core/user/import-row.ts'
import { createSeenKeys } from '../core/user/seen-keys.ts'
import type { FieldError } from '../errors.ts'
import type { Creation, NewUser } from '../ports/user-store.ts'
import type { Runtime } from './runtime.ts'
import type { Doer } from './users.ts'

/** One user to be, or why the line is none. Lines count from 1. */
export type ImportRow =
  | { readonly line: number; readonly fields: ImportFields }
  | { readonly line: number; readonly errors: readonly FieldError[] }

/** `exists`: somebody has the address already, and is as before. */
export type ImportResult =
  | { readonly line: number; readonly verdict: 'created' | 'exists' }
  | {
      readonly line: number
      readonly verdict: 'refused'
      readonly errors: readonly FieldError[]
      /** As the line has it, for whoever mends it; `null` where it has none. */
      readonly email: string | null
      /** The line that has had the same address or user name before. */
      readonly duplicateOf: number | null
    }

export interface ImportSummary {
  readonly created: number
  readonly exists: number
  readonly refused: number
}

export interface ImportOptions {
  /** Write nothing, and say what would become of each. */
  readonly dryRun?: boolean | undefined
  /** Hears of every row, in order, once it is durable. The import waits for it. */
  readonly onResults?: ((results: readonly ImportResult[]) => Promise<void> | void) | undefined
}

/** Rows in one command of the store: enough to share a commit, few enough that others do not wait long for it. */
const BATCH = 1000

interface Candidate {
  readonly line: number
  readonly user: NewUser
}

type Pending = Candidate | ImportResult

/**
 * Creates those who are new. Whoever is there stays as they are, so an import that broke off is completed by running it again. Of two
 * rows with one address the first counts. Memory grows by some 24 bytes a row.
 */
export async function importUsers(
  runtime: Runtime,
  rows: AsyncIterable<ImportRow> | Iterable<ImportRow>,
  { dryRun = false, onResults = () => {} }: ImportOptions,
  by: Doer,
): Promise<ImportSummary> {
  const { store } = runtime
  const seen = createSeenKeys()
  const counts = { created: 0, exists: 0, refused: 0 }
  const pending: Pending[] = []
  const keys = new Set<string>()
  const nextRandom = createRandomParts(runtime)

  const flush = async (): Promise<void> => {
    const users = pending.flatMap((entry) => ('user' in entry ? entry.user : []))
    const created = dryRun ? await foresee(runtime, users) : await store.users.createMany(users)
    const verdicts = created.values()
    const results = pending.map((entry): ImportResult => {
      if (!('user' in entry)) return entry
      const { value: creation = 'exists' } = verdicts.next()
      remember(entry, creation)
      return toResult(entry, creation)
    })
    for (const { verdict } of results) counts[verdict]++
    pending.length = 0
    keys.clear()
    await onResults(results)
  }
  const remember = ({ line, user }: Candidate, creation: Creation): void => {
    if (creation !== 'username_taken') seen.add(user.emailKey, line)
    if (creation === 'created' && user.usernameKey !== null) seen.add(`@${user.usernameKey}`, line)
  }

  try {
    for await (const row of rows) {
      const judged = judge(row, runtime.clock.now(), nextRandom)
      if ('user' in judged) {
        // What became of the other has to be known first: where it was refused, this one takes its place.
        if (keysOf(judged.user).some((key) => keys.has(key))) await flush()
        for (const key of keysOf(judged.user)) keys.add(key)
        pending.push(refuseDuplicate(judged, seen.find) ?? judged)
      } else pending.push(judged)
      if (pending.length === BATCH) await flush()
    }
    await flush()
  } finally {
    const { created, exists, refused } = counts
    if (!dryRun && created + exists + refused > 0)
      await runtime.record('users.imported', { ...by, details: { ...counts } })
  }
  return counts
}

/** In one space: a user name has no `@`. */
function keysOf({ emailKey, usernameKey }: NewUser): readonly string[] {
  return usernameKey === null ? [emailKey] : [emailKey, `@${usernameKey}`]
}

function judge(row: ImportRow, now: number, nextRandom: () => Uint8Array): Pending {
  const { line } = row
  if ('errors' in row) return refused(line, row.errors, null)
  const read = readImportRow(row.fields, now)
  if (read.ok) return { line, user: toNewUser(read.user, now, nextRandom()) }
  const email = row.fields['email']
  return refused(line, read.errors, typeof email === 'string' ? email : null)
}

const RANDOM_BYTES = 10

/** Asked for many at a time: each call to the system costs more than all else that is done for a row. */
function createRandomParts({ random }: Runtime): () => Uint8Array {
  let bytes = new Uint8Array()
  return () => {
    if (bytes.length === 0) bytes = random.bytes(RANDOM_BYTES * BATCH)
    const part = bytes.subarray(0, RANDOM_BYTES)
    bytes = bytes.subarray(RANDOM_BYTES)
    return part
  }
}

/** The id tells when the account was made, so that users come in that order wherever they come from. */
function toNewUser({ createdAt, ...user }: ImportedUser, now: number, random: Uint8Array): NewUser {
  return {
    ...user,
    id: createUuid(createdAt ?? now, random),
    emailKey: toKey(user.email),
    usernameKey: user.username === null ? null : toKey(user.username),
    ...(createdAt !== null && { createdAt }),
  }
}

function refuseDuplicate(
  { line, user }: Candidate,
  find: (key: string) => number | null,
): ImportResult | null {
  const sameEmail = find(user.emailKey)
  const same = sameEmail ?? (user.usernameKey === null ? null : find(`@${user.usernameKey}`))
  if (same === null) return null
  const [field, what] = sameEmail === null ? ['username', 'user name'] : ['email', 'address']
  const message = `Line ${same} has the same ${what}.`
  return refused(line, [{ field, code: 'duplicate', message }], user.email, same)
}

function toResult({ line, user }: Candidate, creation: Creation): ImportResult {
  if (creation !== 'username_taken') return { line, verdict: creation }
  const message = 'Somebody else has this user name.'
  return refused(line, [{ field: 'username', code: 'taken', message }], user.email)
}

function refused(
  line: number,
  errors: readonly FieldError[],
  email: string | null,
  duplicateOf: number | null = null,
): ImportResult {
  return { line, verdict: 'refused', errors, email, duplicateOf }
}

/** What the store would say. */
function foresee({ store }: Runtime, users: readonly NewUser[]): Promise<readonly Creation[]> {
  return Promise.all(
    users.map(async ({ emailKey, usernameKey }): Promise<Creation> => {
      if (await store.users.findByEmail(emailKey)) return 'exists'
      const namesake = usernameKey !== null && (await store.users.findByUsername(usernameKey))
      return namesake ? 'username_taken' : 'created'
    }),
  )
}
