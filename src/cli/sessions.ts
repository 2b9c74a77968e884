// How does an operator see where somebody is signed in, and end it: one session, one user's, everybody's?
import type { Command } from 'commander'
import { Argument } from 'commander'
import type { Auth } from '../auth.ts'
import type { ListedSession } from '../protocol.ts'
import type { CommonOptions } from './command.ts'
import { databaseOption, jsonOption, withExamples } from './command.ts'
import { findUser } from './find-user.ts'
import type { Io } from './io.ts'
import { withAuth } from './open.ts'
import { createTable, printJson, toAge } from './print.ts'
import { createProgress } from './progress.ts'
import { confirm } from './prompt.ts'
import { Refusal } from './refusal.ts'

export function sessions(program: Command, io: Io): void {
  const group = program.command('sessions').description('See where users are signed in, and end it.')
  addList(group, io)
  addRevoke(group, io)
}

function addList(group: Command, io: Io): void {
  const command = group
    .command('list')
    .description('List the live sessions of a user, the one seen last first.')
    .addArgument(new Argument('<user>', 'id, e-mail address or user name'))
    .addOption(databaseOption())
    .addOption(jsonOption())
    .action(async (whom: string, { database, json }: CommonOptions) => {
      const live = await withAuth(io, { database }, async (auth) => {
        const { id } = await findUser(auth, whom)
        return auth.users.sessions(id)
      })
      if (json) for (const session of live) await printJson(io, withoutCurrent(session))
      else
        await createTable(io, ['ID', 'SEEN', 'ADDRESS', 'USER AGENT']).add(
          live.map((session) => toRow(session, io.clock.now())),
        )
    })
  withExamples(command, ['lockjar sessions list ada@example.com'])
}

/** Nobody asks from one of them here. */
function withoutCurrent({ current, accessExpiresAt, ...session }: ListedSession): object {
  return session
}

function toRow({ id, lastSeenAt, ip, userAgent }: ListedSession, now: number): readonly string[] {
  return [id, toAge(lastSeenAt, now), ip ?? '-', userAgent ?? '-']
}

interface RevokeOptions extends CommonOptions {
  readonly user?: string
  readonly all?: true
  readonly yes?: true
}

function addRevoke(group: Command, io: Io): void {
  const command = group
    .command('revoke')
    .description('End one session, those of a user, or all there are.')
    .addArgument(new Argument('[session]', 'its id, as the list shows it'))
    .option('--user <user>', 'all of this user: id, e-mail address or user name')
    .option('--all', 'everybody’s; no token issued before is accepted any more')
    .option('--yes', 'with --all: do not ask')
    .addOption(databaseOption())
    .addOption(jsonOption())
    .action(async (session: string | undefined, options: RevokeOptions) => {
      const chosen = [session, options.user, options.all].filter((each) => each !== undefined)
      if (chosen.length !== 1) throw new Refusal('usage', 'give one of: a session, --user <user>, --all')
      if (options.all) await requireYes(io, options)
      const done = await withAuth(io, options, (auth) => revoke(io, auth, session, options))
      if (options.json) await printJson(io, done.json)
      else await io.stdout.write(`${done.line}\n`)
    })
  withExamples(command, [
    'lockjar sessions revoke --user ada@example.com',
    'lockjar sessions revoke --all    # after a restore from a backup',
  ])
}

async function requireYes(io: Io, { yes }: RevokeOptions): Promise<void> {
  if (yes) return
  if (!io.stdin.isTTY)
    throw new Refusal('usage', '--all signs everybody out, and nobody can be asked here: add --yes')
  if (!(await confirm(io, 'Sign everybody out everywhere?'))) throw new Refusal('no', 'nothing was done')
}

interface Done {
  readonly line: string
  readonly json: object
}

async function revoke(
  io: Io,
  auth: Auth,
  session: string | undefined,
  { user }: RevokeOptions,
): Promise<Done> {
  if (session !== undefined) {
    await auth.sessions.revoke(session)
    return { line: `ended ${session}`, json: { session } }
  }
  if (user !== undefined) {
    const { id } = await findUser(auth, user)
    await auth.users.endSessions(id)
    return { line: `ended all sessions of ${id}`, json: { user: id } }
  }
  const progress = createProgress(io, 'ending sessions', null)
  const ended = await auth.sessions.revokeEveryone(progress.update).finally(progress.close)
  return { line: `ended ${ended} sessions; no token issued before is accepted`, json: { ended } }
}
