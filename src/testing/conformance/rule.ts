// What is a rule of the conformance kit, and what can become of it?
import type { Examiner } from './examiner.ts'

export type Verdict = 'pass' | 'fail' | 'not applicable' | 'unknown'

export interface Finding {
  readonly verdict: Verdict
  /** What was seen, for a reader. Never a credential. */
  readonly evidence: string
}

export interface Rule {
  /** Never renamed: scripts rely on it. */
  readonly id: string
  /** A `must` that fails fails the whole. */
  readonly level: 'must' | 'should'
  readonly what: string
  /** What somebody can do where it does not hold. */
  readonly why: string
  /** Of OWASP ASVS 5.0, or an RFC. */
  readonly reference: string
  readonly check: (exam: Examiner) => Promise<Finding>
}

export const pass = (evidence: string): Finding => ({ verdict: 'pass', evidence })
export const fail = (evidence: string): Finding => ({ verdict: 'fail', evidence })
export const notApplicable = (evidence: string): Finding => ({ verdict: 'not applicable', evidence })
export const unknown = (evidence: string): Finding => ({ verdict: 'unknown', evidence })

/** The first that holds, or that nothing was found. */
export function failIf(problems: readonly (string | false)[], fine: string): Finding {
  const found = new Set(problems.filter((problem) => problem !== false))
  return found.size > 0 ? fail([...found].join('; ')) : pass(fine)
}
