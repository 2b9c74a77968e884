// May there be one more of what there may be only so many of?
import type { Sender } from '../core/audit/event.ts'
import { signText } from '../core/keys/mac.ts'
import { isKnownAddress, networkOf } from '../core/network/network.ts'
import type { Bucket } from '../core/rate-limit/bucket.ts'
import type { LimitedAct, Quota, Scope } from '../core/rate-limit/budget.ts'
import { toKey } from '../core/user/identifier.ts'
import type { UserRecord } from '../core/user/user.ts'
import { AuthError } from '../errors.ts'
import type { Consumption } from '../ports/rate-limiter.ts'
import type { Runtime } from './runtime.ts'

export interface Attempt {
  /** The address or user name as it was typed, whether or not somebody has it. Left out: no account is concerned. */
  readonly account?: string
  /** Of a password: the id of the user who has it, if anybody does. Else of who asks, if that is known. */
  readonly user?: string | null
  readonly sender: Sender
}

/** One that was allowed, and counted. */
export interface Taken {
  /** It has come to nothing, so that it does not count. */
  giveBack(): Promise<void>
  /** It was right: it does not count, nor does what this account has used up from this network. Nobody else's changes. */
  succeed(): Promise<void>
}

/** A bucket of one of the budgets, and what it belongs to. */
interface Limit extends Bucket {
  readonly scope: Scope
}

/** Characters of the MAC that stands for an account or a network in a key: 126 bits. */
const MAC_LENGTH = 21

const NOT_LIMITED: Taken = { async giveBack() {}, async succeed() {} }

/**
 * Counts one in every budget of `act`, or in none. To be asked before what it costs.
 *
 * @throws {AuthError} `rate_limited` with the wait where one of the budgets has none left; the same whether or not there is such
 * an account.
 */
export async function consume(runtime: Runtime, act: LimitedAct, attempt: Attempt): Promise<Taken> {
  const limits = await limitsOf(runtime, act, attempt)
  if (limits.length === 0) return NOT_LIMITED
  const consumption = await runtime.store.limits.consume(limits)
  attempt.sender.onQuotas?.(quotasOf(act, limits, consumption))
  if (!consumption.allowed) throw refuse(runtime, act, attempt, limits, consumption)
  return takenOf(runtime, limits, consumption)
}

/** The same for what is left undone, in silence, where none is left: `null`. */
export async function takeTurn(runtime: Runtime, act: LimitedAct, attempt: Attempt): Promise<Taken | null> {
  const limits = await limitsOf(runtime, act, attempt)
  if (limits.length === 0) return NOT_LIMITED
  const consumption = await runtime.store.limits.consume(limits)
  return consumption.allowed ? takenOf(runtime, limits, consumption) : null
}

function takenOf(
  { store }: Runtime,
  limits: readonly Limit[],
  { now: takenAt, countedBy }: Consumption,
): Taken {
  const keep = (kept: readonly Limit[], cleared: readonly Limit[]): Promise<void> =>
    store.limits.giveBack({ takenAt, countedBy, buckets: kept, cleared: cleared.map(({ key }) => key) })
  return {
    giveBack: () => keep(limits, []),
    succeed: () =>
      keep(
        limits.filter(({ scope }) => scope !== 'pair'),
        limits.filter(({ scope }) => scope === 'pair'),
      ),
  }
}

/** The user has just proved, from this network, who they are: strangers elsewhere can no longer lock them out here. */
export async function rememberNetwork(runtime: Runtime, user: string, { ip }: Sender): Promise<void> {
  const network = networkOf(ip)
  // One network is that of everybody whose address nobody knows: who is at home there is anybody.
  if (!runtime.config.budgets || !isKnownAddress(network)) return
  await runtime.store.knownNetworks.remember(user, await networkMacOf(runtime, network))
}

/**
 * The owner has another way in than the password that was tried too often, and has taken it: what was used up from this network is
 * there again, and from now on nobody elsewhere uses it up.
 */
export async function forgiveTries(
  runtime: Runtime,
  { id, email, username }: UserRecord,
  sender: Sender,
): Promise<void> {
  await rememberNetwork(runtime, id, sender)
  if (!runtime.config.budgets) return
  const accounts = username === null ? [email] : [email, username]
  const limits = await Promise.all(
    accounts.map((account) => limitsOf(runtime, 'password', { account, user: id, sender })),
  )
  const pairs = limits.flat().filter(({ scope }) => scope === 'pair')
  // Their link is used up: should they lose the password again at once, they get another.
  const turns = await limitsOf(runtime, 'reset', { account: email, sender })
  const cleared = [...pairs, ...turns].map(({ key }) => key)
  await runtime.store.limits.giveBack({ takenAt: 0, buckets: [], cleared })
}

/** Asked for users who do not exist, too, so that time does not tell. */
async function isAtHome({ store }: Runtime, user: string | null, networkMac: string): Promise<boolean> {
  return store.knownNetworks.knows(user ?? '', networkMac)
}

async function limitsOf(runtime: Runtime, act: LimitedAct, attempt: Attempt): Promise<readonly Limit[]> {
  const { account, user = null, sender } = attempt
  const budgets = runtime.config.budgets?.[act]
  if (!budgets) return []
  const network = networkOf(sender.ip)
  const [accountMac, networkMac] = await Promise.all([
    account === undefined ? null : macOf(runtime, `account ${toKey(account)}`),
    networkMacOf(runtime, network),
  ])
  // A mail goes to whoever has the address, wherever the sender is at home.
  const atHome = act === 'password' && (await isAtHome(runtime, user, networkMac))
  // Strangers whose address nobody knows are no network: one of them would close it for all.
  const isKnown = isKnownAddress(network)
  const owners: Readonly<Record<Scope, string | null>> = {
    pair: isKnown ? accountMac && `${accountMac}.${networkMac}` : null,
    account: atHome ? null : accountMac,
    network: isKnown ? networkMac : null,
    global: atHome ? null : '',
  }
  return (Object.entries(budgets) as [Scope, Limit['window'][]][]).flatMap(([scope, windows]) => {
    const owner = owners[scope]
    if (owner === null) return []
    return windows.map((window) => ({ scope, window, key: `${act}.${scope}.${window.period}.${owner}` }))
  })
}

const networkMacOf = (runtime: Runtime, network: string): Promise<string> =>
  macOf(runtime, `network ${network}`)

/** Whoever reads the table learns no address. */
async function macOf({ ring }: Runtime, text: string): Promise<string> {
  return (await signText(ring.current.for['rate-limit'], text)).slice(0, MAC_LENGTH)
}

function refuse(
  { record }: Runtime,
  act: LimitedAct,
  { user = null, sender }: Attempt,
  limits: readonly Limit[],
  { states, now }: Consumption,
): AuthError {
  for (const [at, { scope, window }] of limits.entries()) {
    if (!states[at]?.first) continue
    void record('limit.hit', { user, sender, details: { act, scope, seconds: window.period / 1000 } })
  }
  const endsAt = Math.max(...states.filter(({ refused }) => refused).map((state) => state.endsAt))
  return new AuthError('rate_limited', { retryAfter: Math.max(1, Math.ceil((endsAt - now) / 1000)) })
}

/** Of the budgets that the sender shares with no stranger elsewhere. */
function quotasOf(act: LimitedAct, limits: readonly Limit[], { states, now }: Consumption): readonly Quota[] {
  return limits.flatMap(({ scope, window }, at) => {
    const state = states[at]
    if (!state || (scope !== 'pair' && scope !== 'network')) return []
    const { limit, period } = window
    return { act, scope, limit, period, remaining: state.remaining, resetsIn: state.endsAt - now }
  })
}
