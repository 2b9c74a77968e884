// Which secrets are known, and does a text hold one of them?
import { viewsOf } from './views.ts'

/** One that was found: what it is, and in which disguise. Never what it says. */
export interface Found {
  readonly what: string
  readonly as: string
}

interface Secret {
  readonly what: string
  /** In lower case: the whole of it, of a long one each half, and what signs it. */
  readonly needles: readonly (readonly [needle: string, part: string])[]
}

/** Shorter ones appear by accident. */
export const SHORTEST_TOKEN = 16
/** `password` stands in many an answer. */
const SHORTEST_PASSWORD = 10
/** Half of it is still more than anybody guesses. */
const HALVED = 48
/** Of JWTs and of tokens that are made like them: behind the last dot, 128 bits or more. */
const SIGNATURE = /\.([\w-]{22,})$/
const MOST = 512

export interface Secrets {
  /** `what` for a reader: `the cookie session`. The oldest are forgotten when there are many. */
  learn(value: string, what: string): void
  /** A password: of ten characters or more, and as a whole only. Answers how to forget it, where it was not known before. */
  learnPassword(value: string): () => void
  find(text: string): Found | null
  /** How much of the end of a text must be kept, for a secret may go on in the next piece of it. */
  readonly overlap: number
}

export function createSecrets(): Secrets {
  const known = new Map<string, Secret>()
  let longest = 0
  const add = (value: string, what: string, needles: Secret['needles']): void => {
    known.delete(value)
    known.set(value, { what, needles })
    longest = Math.max(longest, value.length)
    const [oldest] = known.keys()
    if (known.size > MOST && oldest !== undefined) known.delete(oldest)
  }
  return {
    learn(value, what) {
      if (value.length < SHORTEST_TOKEN) return
      const whole = value.toLowerCase()
      const half = Math.floor(whole.length / 2)
      const halves =
        whole.length < HALVED
          ? []
          : ([
              [whole.slice(0, half), 'the first half of '],
              [whole.slice(half), 'the second half of '],
            ] as const)
      const [, signature] = SIGNATURE.exec(whole) ?? []
      const signed = signature === undefined ? [] : ([[signature, 'the signature of ']] as const)
      add(value, what, [[whole, ''], ...halves, ...signed])
    },
    learnPassword(value) {
      if (value.length < SHORTEST_PASSWORD || known.has(value)) return () => {}
      add(value, 'the password', [[value.toLowerCase(), '']])
      return () => known.delete(value)
    },
    find: (text) => (known.size === 0 ? null : find([...known.values()].reverse(), text)),
    // Two disguises on top of each other, each with up to six characters for one.
    get overlap() {
      return longest * 12
    },
  }
}

function find(secrets: readonly Secret[], text: string): Found | null {
  for (const view of viewsOf(text)) {
    const folded = view.text.toLowerCase()
    for (const { what, needles } of secrets)
      for (const [needle, part] of needles)
        if (folded.includes(needle)) return { what: part + what, as: view.as }
  }
  return null
}
