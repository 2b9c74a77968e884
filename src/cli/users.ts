// How does an operator look at accounts, and act on them?
import type { Command } from 'commander'
import { Argument, Option } from 'commander'
import type { Auth } from '../auth.ts'
import type { ManagedUser } from '../protocol.ts'
import type { CommonOptions } from './command.ts'
import { databaseOption, jsonOption, whole, withExamples } from './command.ts'
import { findUser } from './find-user.ts'
import type { Io } from './io.ts'
import { withAuth } from './open.ts'
import { createTable, printFacts, printJson, toMinute } from './print.ts'
import { Refusal } from './refusal.ts'

const WHOM = 'id, e-mail address or user name'
const LARGEST_PAGE = 100

export function users(program: Command, io: Io): void {
  const group = program.command('users').description('Look at accounts, and act on them.')
  addList(group, io)
  addFind(group, io)
  addShow(group, io)
  addAct(group, io, 'disable', 'Sign a user out everywhere, and refuse their sign-in.', (auth, { id }) =>
    auth.users.disable(id),
  )
  addAct(group, io, 'enable', 'Let a user sign in again who was disabled.', (auth, { id }) =>
    auth.users.enable(id),
  )
  addSetRole(group, io)
  addAct(group, io, 'end-sessions', 'Sign a user out everywhere.', async (auth, user) => {
    await auth.users.endSessions(user.id)
    return user
  })
  addAct(group, io, 'reset', 'Mail a user a link to choose a new password.', async (auth, user) => {
    await auth.users.startPasswordReset(user.id)
    return user
  })
}

interface ListOptions extends CommonOptions {
  readonly search?: string
  readonly role?: string
  readonly disabled?: true
  readonly order: 'newest' | 'oldest'
  readonly limit: number
  readonly after?: string
  readonly all?: true
}

function addList(group: Command, io: Io): void {
  const command = group
    .command('list')
    .description('List users, the newest first.')
    .option('--search <text>', 'whose address or user name begins so, or an id')
    .option('--role <role>', 'who have this role')
    .option('--disabled', 'who are disabled')
    .addOption(new Option('--order <order>', 'by age').choices(['newest', 'oldest']).default('newest'))
    .addOption(new Option('--limit <number>', 'how many').default(50).argParser(whole(1, 1_000_000)))
    .option('--after <place>', 'go on where the last list ended')
    .option('--all', 'all there are, as they are read')
    .addOption(databaseOption())
    .addOption(jsonOption())
    .action(async (options: ListOptions) => {
      await withAuth(io, options, (auth) => printUsers(io, auth, options))
    })
  withExamples(command, [
    'lockjar users list --role superuser',
    'lockjar users list --all --json > users.jsonl',
  ])
}

interface FindOptions extends CommonOptions {
  readonly limit: number
}

function addFind(group: Command, io: Io): void {
  const command = group
    .command('find')
    .description('Find users; exit 1 where there is none.')
    .argument('<text>', 'the beginning of an e-mail address or user name, or an id')
    .addOption(new Option('--limit <number>', 'how many').default(50).argParser(whole(1, 1_000_000)))
    .addOption(databaseOption())
    .addOption(jsonOption())
    .action(async (search: string, options: FindOptions) => {
      const list: ListOptions = { ...options, search, order: 'newest' }
      const found = await withAuth(io, options, (auth) => printUsers(io, auth, list))
      if (found === 0) throw new Refusal('no', 'nobody’s address or user name begins so')
    })
  withExamples(command, ['lockjar users find ada'])
}

/** Page after page, so that any number of users passes through little memory. Answers how many. */
async function printUsers(io: Io, auth: Auth, options: ListOptions): Promise<number> {
  const table = createTable(io, ['ID', 'E-MAIL', 'ROLES', 'STATE'])
  let left = options.all ? Number.POSITIVE_INFINITY : options.limit
  let count = 0
  for (let after: string | null | undefined = options.after; left > 0 && after !== null; ) {
    const page = await auth.users.list({ ...toFilter(options), limit: Math.min(left, LARGEST_PAGE), after })
    if (options.json) for (const user of page.users) await printJson(io, user)
    else await table.add(page.users.map(toRow))
    left -= page.users.length
    count += page.users.length
    after = page.next
    if (left === 0 && after !== null) await io.stderr.write(`more with: --after ${after}\n`)
  }
  return count
}

function toFilter({ search, role, disabled, order }: ListOptions): Parameters<Auth['users']['list']>[0] {
  return { search, role, disabled, order }
}

const stateOf = ({ disabledAt, emailVerified }: ManagedUser): string =>
  disabledAt !== null ? 'disabled' : emailVerified ? 'active' : 'unverified'

function toRow(user: ManagedUser): readonly string[] {
  return [user.id, user.email, user.roles.join(' ') || '-', stateOf(user)]
}

function addShow(group: Command, io: Io): void {
  const command = group
    .command('show')
    .description('Show one user.')
    .addArgument(new Argument('<user>', WHOM))
    .addOption(databaseOption())
    .addOption(jsonOption())
    .action(async (whom: string, { database, json }: CommonOptions) => {
      const user = await withAuth(io, { database }, (auth) => findUser(auth, whom))
      if (json) await printJson(io, user)
      else await printFacts(io, factsOf(user))
    })
  withExamples(command, ['lockjar users show ada@example.com'])
}

function factsOf(user: ManagedUser): readonly (readonly [string, string])[] {
  return [
    ['id', user.id],
    ['e-mail', `${user.email} (${user.emailVerified ? 'verified' : 'not verified'})`],
    ['user name', user.username ?? '-'],
    ['name', user.name ?? '-'],
    ['roles', user.roles.join(' ') || '-'],
    ['password', user.hasPassword ? 'yes' : 'none'],
    ['created', toMinute(user.createdAt)],
    ['last sign-in', toMinute(user.lastLoginAt)],
    ['disabled', user.disabledAt === null ? 'no' : `since ${toMinute(user.disabledAt)}`],
  ]
}

/** What each act says that it has done. */
const DONE: Readonly<Record<string, string>> = {
  disable: 'disabled',
  enable: 'enabled',
  'end-sessions': 'ended all sessions of',
  reset: 'queued a link for',
}

function addAct(
  group: Command,
  io: Io,
  name: string,
  description: string,
  act: (auth: Auth, user: ManagedUser) => Promise<ManagedUser>,
): void {
  const command = group
    .command(name)
    .description(description)
    .addArgument(new Argument('<user>', WHOM))
    .addOption(databaseOption())
    .addOption(jsonOption())
    .action(async (whom: string, { database, json }: CommonOptions) => {
      const user = await withAuth(io, { database }, async (auth) => act(auth, await findUser(auth, whom)))
      if (json) await printJson(io, user)
      else await io.stdout.write(`${DONE[name]} ${user.id}\n`)
    })
  withExamples(command, [`lockjar users ${name} ada@example.com`])
}

interface RoleOptions extends CommonOptions {
  readonly add?: true
  readonly remove?: true
  readonly none?: true
}

function addSetRole(group: Command, io: Io): void {
  const command = group
    .command('set-role')
    .description('Set the roles of a user; open sessions have them at their next request.')
    .addArgument(new Argument('<user>', WHOM))
    .addArgument(new Argument('[roles...]', 'all that the user has from now on'))
    .addOption(new Option('--add', 'keep those that the user has').conflicts(['remove', 'none']))
    .addOption(new Option('--remove', 'take these away').conflicts(['add', 'none']))
    .addOption(new Option('--none', 'no roles at all').conflicts(['add', 'remove']))
    .addOption(databaseOption())
    .addOption(jsonOption())
    .action(async (whom: string, roles: readonly string[], options: RoleOptions) => {
      if ((roles.length === 0) !== (options.none === true))
        throw new Refusal('usage', 'name the roles, or write --none for no roles')
      const { database, json } = options
      const user = await withAuth(io, { database }, async (auth) => {
        const before = await findUser(auth, whom)
        return auth.users.setRoles(before.id, rolesAfter(before.roles, roles, options))
      })
      if (json) await printJson(io, user)
      else await io.stdout.write(`${user.id} has roles: ${user.roles.join(' ') || 'none'}\n`)
    })
  withExamples(command, [
    'lockjar users set-role ada@example.com editor',
    'lockjar users set-role ada@example.com --add superuser',
    'lockjar users set-role ada@example.com --none',
  ])
}

function rolesAfter(
  before: readonly string[],
  named: readonly string[],
  { add, remove }: RoleOptions,
): readonly string[] {
  if (add) return [...new Set([...before, ...named])]
  return remove ? before.filter((role) => !named.includes(role)) : named
}
