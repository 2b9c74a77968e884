// What did the server refuse, as the page sees it?
import type { Problem } from '../protocol.ts'
import { PROBLEM_TYPE } from '../protocol.ts'

/**
 * A refusal by Lockjar, with its stable `code` and the fields that were refused.
 *
 * @example
 * ```ts
 * import { AuthProblem } from 'lockjar/client'
 *
 * export const message = (error: unknown): string =>
 *   error instanceof AuthProblem && error.code === 'invalid_credentials' ? 'Try again.' : 'Something went wrong.'
 * ```
 */
export class AuthProblem extends Error {
  override readonly name = 'AuthProblem'
  readonly code: string
  readonly status: number
  /** Message by field name. */
  readonly fields: Readonly<Record<string, string>>

  constructor({ title, detail, code, status, errors = [] }: Omit<Problem, 'type'>) {
    super(detail ?? title)
    this.code = code
    this.status = status
    this.fields = Object.fromEntries(errors.map(({ field, message }) => [field, message]))
  }
}

/**
 * What an answer of `fetch` refuses, or `null` where it is no problem document. Reads a copy, so that the caller still has the body.
 *
 * @example
 * ```ts
 * import { createClient, readProblem } from 'lockjar/client'
 *
 * const response = await createClient().fetch('/api/export', { method: 'POST' })
 * if ((await readProblem(response))?.code === 'step_up_required') console.log('ask for the password')
 * ```
 */
export async function readProblem(response: Response): Promise<Problem | null> {
  if (!response.headers.get('content-type')?.startsWith(PROBLEM_TYPE)) return null
  try {
    return (await response.clone().json()) as Problem
  } catch {
    return null
  }
}

/** Something went wrong on the way, or the answer was not Lockjar's. */
export function toProblem(response: Response, problem: Problem | null): AuthProblem {
  if (problem) return new AuthProblem(problem)
  return new AuthProblem({
    title: `The server answered ${response.status}.`,
    status: response.status,
    code: 'unexpected',
  })
}
