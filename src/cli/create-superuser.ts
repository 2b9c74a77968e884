// How does an installation get its first administrator?
import type { Command } from 'commander'
import type { Auth } from '../auth.ts'
import { judgeUserFields } from '../core/user/fields.ts'
import { SUPERUSER } from '../core/user/role.ts'
import { AuthError } from '../errors.ts'
import type { ManagedUser } from '../protocol.ts'
import type { CommonOptions } from './command.ts'
import { databaseOption, jsonOption, withExamples } from './command.ts'
import type { Io } from './io.ts'
import { withAuth } from './open.ts'
import { printJson } from './print.ts'
import type { Prompt } from './prompt.ts'
import { openPrompt, readPiped } from './prompt.ts'
import { Refusal } from './refusal.ts'

interface Options extends CommonOptions {
  readonly email?: string
  readonly username?: string
  readonly name?: string
  readonly passwordStdin?: true
  readonly input: boolean
}

interface Person {
  readonly email: string
  readonly username: string | null
  readonly name: string | null
}

const MOST_TRIES = 3

export function createSuperuser(program: Command, io: Io): void {
  const command = program
    .command('createsuperuser')
    .description('Make an account that may administer users; asks what it is not told.')
    .option('--email <address>', 'taken as verified')
    .option('--username <name>', 'to sign in with as well')
    .option('--name <text>', 'as others see it')
    .option('--password-stdin', 'read the password from standard input, one line')
    .option('--no-input', 'ask nothing')
    .addOption(databaseOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const { database, json } = options
      const user = await withAuth(io, { database, create: true }, (auth) => create(io, auth, options))
      if (json) await printJson(io, user)
      else await io.stdout.write(`created superuser ${user.id}\n`)
    })
  withExamples(command, [
    'lockjar createsuperuser',
    'lockjar createsuperuser --email ada@example.com --password-stdin < file',
  ])
}

async function create(io: Io, auth: Auth, options: Options): Promise<ManagedUser> {
  const asks = options.input && !options.passwordStdin && io.stdin.isTTY === true
  if (asks) return createByAsking(io, auth, options)
  const { email } = options
  if (email === undefined) throw new Refusal('usage', 'nobody can be asked here: give --email')
  if (!options.passwordStdin)
    throw new Refusal('usage', 'nobody can be asked here: pipe the password in, with --password-stdin')
  if (io.stdin.isTTY) throw new Refusal('usage', '--password-stdin needs a pipe or a file, not a terminal')
  const person = toPerson({ ...options, email })
  await requireFree(auth, person)
  return createWith(auth, person, await readPiped(io))
}

async function createByAsking(io: Io, auth: Auth, options: Options): Promise<ManagedUser> {
  const prompt = openPrompt(io)
  try {
    const email = options.email ?? (await prompt.ask('E-mail address: ')).trim()
    // Refused now, rather than after a password has been typed twice.
    judge(toPerson({ ...options, email }))
    const name = options.name ?? (await prompt.ask('Name (may be empty): ')).trim()
    const person = toPerson({ ...options, email, name })
    await requireFree(auth, person)
    return await askPassword(io, prompt, (password) => createWith(auth, person, password))
  } finally {
    prompt.close()
  }
}

function toPerson({ email, username, name }: Pick<Options, 'username' | 'name'> & { email: string }): Person {
  const person = { email: email.trim(), username: username ?? null, name: name?.trim() || null }
  judge(person)
  return person
}

function judge(person: Person): void {
  const errors = judgeUserFields({ ...person, roles: [] })
  if (errors.length > 0) throw new AuthError('validation_failed', { errors })
}

/** Whoever has the address may be made a superuser on purpose, and not by a command that was to make another account. */
async function requireFree(auth: Auth, { email }: Person): Promise<void> {
  const owner = await auth.users.find({ email })
  if (!owner) return
  throw new Refusal(
    'no',
    `an account with this address exists; to make it a superuser: lockjar users set-role ${owner.id} --add ${SUPERUSER}`,
  )
}

function createWith(auth: Auth, person: Person, password: string): Promise<ManagedUser> {
  return auth.users.create({ ...person, password, roles: [SUPERUSER], emailVerified: true })
}

/** Twice, until both are one and the policy takes it. */
async function askPassword<T>(io: Io, prompt: Prompt, use: (password: string) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const problem = await tryPassword(prompt, use)
    if ('done' in problem) return problem.done
    if (tries === MOST_TRIES) throw new Refusal('no', `${problem.reason} Nothing was created.`)
    await io.stderr.write(`${problem.reason}\n`)
  }
}

async function tryPassword<T>(
  prompt: Prompt,
  use: (password: string) => Promise<T>,
): Promise<{ readonly done: T } | { readonly reason: string }> {
  const password = await prompt.askHidden('Password: ')
  const again = await prompt.askHidden('Password, again: ')
  if (password !== again) return { reason: 'The two are not the same.' }
  try {
    return { done: await use(password) }
  } catch (error) {
    const [first] = error instanceof AuthError ? (error.facts.errors ?? []) : []
    if (first?.field !== 'password') throw error
    return { reason: first.message }
  }
}
