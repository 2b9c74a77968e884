#!/usr/bin/env node
// What can be done from a terminal? One group of commands a file; they are listed here.
import { audit } from './audit.ts'
import { conformance } from './conformance.ts'
import { createSuperuser } from './create-superuser.ts'
import { hash } from './hash.ts'
import { importGroup } from './import.ts'
import { migrate } from './migrate.ts'
import { migrateStore } from './migrate-store.ts'
import { endProcess, openProcess } from './process.ts'
import type { AddCommands } from './program.ts'
import { run } from './program.ts'
import { EXIT } from './refusal.ts'
import { secret } from './secret.ts'
import { serve } from './serve.ts'
import { sessions } from './sessions.ts'
import { users } from './users.ts'

/** In the order of `lockjar --help`. */
export const GROUPS: readonly AddCommands[] = [
  serve,
  migrate,
  migrateStore,
  createSuperuser,
  users,
  sessions,
  importGroup,
  audit,
  conformance,
  secret,
  hash,
]

if (import.meta.main) endProcess(await run(GROUPS, process.argv.slice(2), openProcess()))
else refuseOldNode(process.versions.node)

/** Before 24.2 no file knew that it was the one that was started: the command would do nothing, and say so to nobody. */
function refuseOldNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 24 || (major === 24 && minor >= 7)) return
  process.stderr.write(`lockjar: needs Node 24.7 or newer, and this is ${version}\n`)
  endProcess(EXIT.unavailable)
}
