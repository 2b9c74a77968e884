// What is a route?
import type * as v from 'valibot'
import type { Quota } from '../../core/rate-limit/budget.ts'
import type { ErrorCode } from '../../errors.ts'
import type { RequestContext } from '../authenticate-request.ts'
import type { Answer } from '../response.ts'
import type { BodySchema } from '../validate.ts'

/** A request that has passed the guard's first look and whose body fits. */
export interface Call<B> extends RequestContext {
  readonly body: B
  readonly params: Readonly<Record<string, string>>
  /** Network address of the sender, or `null` where the platform does not say. */
  readonly ip: string | null
  /** Aborted once the sender has gone. */
  readonly signal: AbortSignal
  /** Is told what is left of the budgets that the request was counted in. */
  readonly onQuotas: (quotas: readonly Quota[]) => void
}

export interface Route<S extends BodySchema = BodySchema> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly operationId: string
  readonly summary: string
  readonly body: S
  readonly success: {
    readonly status: number
    readonly description: string
    readonly schema?: v.GenericSchema
  }
  /** What a 202 in its place means, where there is one. */
  readonly accepted?: string
  /** Refusals of its own, besides those that any request can meet. */
  readonly refusals: readonly ErrorCode[]
  /** Refuses before the body is read where the request's source already says no. */
  readonly admit: (context: RequestContext) => void
  readonly run: (call: Call<v.InferOutput<S>>) => Promise<Answer>
}

/** Keeps a body's type between its schema and its `run`; behind the table it is nobody's matter. */
export function defineRoute<S extends BodySchema>(route: Route<S>): Route {
  return route as unknown as Route
}
