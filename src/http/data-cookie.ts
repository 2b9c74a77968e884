// Which data cookie does a request show, and which does its answer carry?
import { carrySessionData } from '../actions/carry-session-data.ts'
import { endSessionData } from '../actions/end-session-data.ts'
import type { DataAnswer, DataHolder } from '../actions/session-data.ts'
import type { SessionRecord } from '../core/session/session.ts'
import { AuthError } from '../errors.ts'
import type { RequestContext } from './authenticate-request.ts'

/** Two that differ are none: one of them is somebody else's. */
export function shownData({ policy, facts }: RequestContext): Omit<DataHolder, 'sessionId'> {
  const [value, ...others] = policy.read('data', facts.cookies)
  const cookie = value === undefined || others.length > 0 ? null : value
  return { cookie, cookieName: policy.attributes.data.name }
}

/** Whoever sent two is rid of both first, or the planted one would be sent for ever. */
export function dataCookies(
  { policy, facts, path, runtime }: RequestContext,
  answer: DataAnswer,
): readonly string[] {
  if (answer === undefined) return []
  const conflict = policy.read('data', facts.cookies).length > 1
  const { hostname } = runtime.config
  const cleared = conflict ? policy.clearEverywhere('data', { hostname, path: path() }) : []
  return [
    ...cleared,
    answer === null ? policy.clear('data') : policy.set('data', answer.value, answer.maxAge),
  ]
}

/** For a browser that has just signed in. What it did is done: data that cannot be had now is left behind, and no more. */
export async function carriedData(
  context: RequestContext,
  session: SessionRecord,
): Promise<readonly string[]> {
  const { runtime, policy, facts } = context
  const conflict = policy.read('data', facts.cookies).length > 1
  try {
    const answer = conflict ? null : await carrySessionData(runtime, shownData(context), session)
    return dataCookies(context, answer)
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'unavailable') throw error
    runtime.logger.warn(
      { event: 'session_data.left_behind', session: session.id, error },
      'session data not taken along',
    )
    return []
  }
}

/** For a browser whose user has signed out: nothing to clear where nothing was sent. */
export async function endedData(context: RequestContext): Promise<readonly string[]> {
  if (context.policy.read('data', context.facts.cookies).length === 0) return []
  await endSessionData(context.runtime, shownData(context).cookie)
  return dataCookies(context, null)
}
