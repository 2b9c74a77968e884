// Which cost parameters of Argon2id suit a machine? Measured, within a time, and never below OWASP's minimum.
import type { Argon2Cost } from '../core/password/kdf.ts'
import type { Clock } from '../ports/clock.ts'

/** What hashes here. */
export interface Machine {
  /** Passwords that are hashed at once. */
  readonly threads: number
  /** Bytes that all of them together may take. */
  readonly memory: number
  /** Milliseconds of one hash while every thread hashes. */
  measure(cost: Argon2Cost): Promise<number>
}

export interface Candidate extends Argon2Cost {
  readonly milliseconds: number
  /** Of the whole machine. */
  readonly signInsPerSecond: number
}

export interface Calibration {
  readonly candidates: readonly Candidate[]
  readonly proposal: Candidate
  /** `slow`: even the minimum takes longer than the target. `budget`: more would have been tried with more time. */
  readonly limits: readonly ('slow' | 'memory' | 'budget')[]
}

export interface Wish {
  /** Milliseconds that one sign-in may take on the processor. */
  readonly target: number
  /** Milliseconds that measuring may take. */
  readonly budget: number
}

/** KiB. */
const LADDER = [19_456, 32_768, 47_104, 65_536, 98_304, 131_072, 262_144, 524_288, 1_048_576] as const
/** OWASP Password Storage Cheat Sheet: from 46 MiB one pass is enough, below it two. */
const leastPasses = (memory: number): number => (memory >= 47_104 ? 1 : 2)
/** More passes than this say that more memory is to be had. */
const MOST_PASSES = 10

/**
 * More memory is worth more than more passes, for it is what a guesser's hardware has least of (RFC 9106 section 4): the most
 * memory whose least passes take no longer than the target, and then the most passes.
 */
export async function calibrate(
  machine: Machine,
  { target, budget }: Wish,
  clock: Pick<Clock, 'monotonic'>,
  told: (elapsed: number) => void = () => {},
): Promise<Calibration> {
  const began = clock.monotonic()
  const candidates: Candidate[] = []
  const limits = new Set<Calibration['limits'][number]>()
  /** Milliseconds of a KiB and a pass, from the last measurement. */
  let unit = 0

  const isWithin = ({ memory, passes }: Argon2Cost): boolean => {
    const left = budget - (clock.monotonic() - began)
    if (unit * memory * passes * ROUNDS <= left) return true
    limits.add('budget')
    return false
  }
  const measure = async (cost: Argon2Cost): Promise<Candidate> => {
    const milliseconds = await machine.measure(cost)
    unit = milliseconds / (cost.memory * cost.passes)
    const candidate = { ...cost, milliseconds, signInsPerSecond: (machine.threads * 1000) / milliseconds }
    candidates.push(candidate)
    told(clock.monotonic() - began)
    return candidate
  }

  /** Passes that should fit, measured; and once more where they did not. */
  const fill = async (least: Argon2Cost, known: number, took: number, again = true): Promise<void> => {
    const passes = Math.min(MOST_PASSES, Math.floor((target * known) / took))
    const more = { ...least, passes }
    if (passes <= least.passes || !isWithin(more)) return
    const { milliseconds } = await measure(more)
    if (milliseconds > target && again) await fill(least, passes, milliseconds, false)
  }

  for (const memory of LADDER) {
    const least = { memory, passes: leastPasses(memory), parallelism: 1 }
    if (candidates.length > 0) {
      if (memory * 1024 * machine.threads > machine.memory) {
        limits.add('memory')
        break
      }
      if (!isWithin(least)) break
    }
    const { milliseconds } = await measure(least)
    if (milliseconds > target) break
    await fill(least, least.passes, milliseconds)
  }

  const fitting = candidates.filter(({ milliseconds }) => milliseconds <= target)
  const [first, ...rest] = fitting.length > 0 ? fitting : candidates.slice(0, 1)
  if (!first) throw new Error('nothing was measured')
  if (fitting.length === 0) limits.add('slow')
  return { candidates, proposal: rest.reduce(stronger, first), limits: [...limits] }
}

/** As many as `measure` makes, roughly: what is begun is finished. */
const ROUNDS = 4

function stronger(a: Candidate, b: Candidate): Candidate {
  return b.memory - a.memory || b.passes - a.passes > 0 ? b : a
}
