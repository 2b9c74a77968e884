// May a request go on to the application, as whom, and what must the answer to it carry? The same for every framework.
import type { Runtime } from '../actions/runtime.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import type { Pending } from '../core/pending/pending.ts'
import { andThen } from '../core/pending/pending.ts'
import type { Authentication, RequestContext } from './authenticate-request.ts'
import type { RequestLike } from './facts.ts'
import type { AuthenticateOptions } from './identify.ts'
import { identify, openContext } from './identify.ts'
import { guardOwnToken } from './own-token.ts'
import { createPreflight, isPreflight } from './preflight.ts'
import { answerRefusal } from './refusal.ts'
import type { JudgeRequirement, Requirement } from './requirement.ts'
import { createJudgeRequirement } from './requirement.ts'
import type { AnswerHeaders } from './response.ts'
import { addCookies, addCors, withCors, withHeaders } from './response.ts'
import type { Visit } from './visit.ts'
import { createVisit } from './visit.ts'

/** What an open handler knows: somebody, or nobody in particular. */
export type Visitor = Authentication & { readonly status: 'authenticated' | 'anonymous' }

/** The request does not reach the application. */
export interface Answered {
  /** The whole answer: to a preflight, or a refusal. */
  readonly answer: Response
}

/** The request goes on. */
export interface Admitted {
  readonly answer: null
  readonly who: Visitor
  /** What the application may do for the browser. One that is never asked for costs nothing. */
  readonly visit: Visit<Visitor>
  /** A route's answer to somebody whom it is not for, to be completed as any other; `null` where it is for them. */
  refuse(requirement?: Requirement): Response | null
  /**
   * Adds to the head of the application's answer what it must carry: CORS headers, `Vary`, the cookies of `who` and of `visit`.
   * Once, and last of all. Waits only where `visit` was asked for.
   */
  complete(headers: AnswerHeaders): Pending<void>
  /** The same for an answer that is there already. */
  finish(response: Response): Pending<Response>
}

export type Admission = Answered | Admitted

/** Rejects for a mistake of ours only. */
export type Admit = (request: RequestLike, options?: AuthenticateOptions) => Pending<Admission>

export function createAdmit(runtime: Runtime, policy: CookiePolicy): Admit {
  const { config } = runtime
  const judge = createJudgeRequirement(runtime)
  const answerPreflight = createPreflight(runtime)
  return (request, options = {}) => {
    if (isPreflight(request)) return { answer: answerPreflight(request) }
    const context = openContext(runtime, policy, request, options)
    return andThen(identify(context), (who): Admission => {
      if (isVisitor(who)) return new AdmittedRequest(context, who, judge)
      const refusal = answerRefusal(who.refusal, context.facts, config, policy)
      return { answer: withCors(refusal, context.facts.origin, config) }
    })
  }
}

const isVisitor = (who: Authentication): who is Visitor => who.status !== 'refused'

class AdmittedRequest implements Admitted {
  readonly answer = null
  readonly who: Visitor
  readonly #context: RequestContext
  readonly #judge: JudgeRequirement
  #visit: Visit<Visitor> | undefined

  constructor(context: RequestContext, who: Visitor, judge: JudgeRequirement) {
    this.who = who
    this.#context = context
    this.#judge = judge
  }

  get visit(): Visit<Visitor> {
    this.#visit ??= createVisit(this.#context, this.who)
    return this.#visit
  }

  refuse(requirement: Requirement = {}): Response | null {
    const { who } = this
    const refusal = this.#judge(who, requirement)
    if (!refusal) return null
    const { facts, runtime, policy } = this.#context
    const response = answerRefusal(refusal, facts, runtime.config, policy)
    // Those of `who`, which every answer gets when it is completed.
    if (refusal === who.refusal) response.headers.delete('set-cookie')
    return response
  }

  complete(headers: AnswerHeaders): Pending<void> {
    return andThen(this.#setCookies(), (lines) => this.#add(lines, headers))
  }

  finish(response: Response): Pending<Response> {
    return andThen(guardOwnToken(response, this.#context), (guarded) => this.#finish(guarded))
  }

  #finish(response: Response): Pending<Response> {
    const { facts, runtime } = this.#context
    return andThen(this.#setCookies(), (lines) =>
      lines.length === 0
        ? withCors(response, facts.origin, runtime.config)
        : withHeaders(response, (headers) => this.#add(lines, headers)),
    )
  }

  #setCookies(): Pending<readonly string[]> {
    return this.#visit?.setCookies() ?? this.who.setCookies
  }

  #add(setCookies: readonly string[], headers: AnswerHeaders): void {
    const { facts, runtime } = this.#context
    addCookies(headers, setCookies)
    addCors(headers, facts.origin, runtime.config)
  }
}
