// Who hears of an event?
import type { RecordEvent } from '../core/audit/event.ts'
import { EVENTS } from '../core/audit/event.ts'
import type { Logger } from '../ports/logger.ts'

/** Network addresses are left out of the log. */
export function createEvents(logger: Logger): RecordEvent {
  return async (event, { user, actor, session, details }) => {
    const { level, message } = EVENTS[event]
    logger[level](
      {
        event,
        ...(session && { session }),
        ...(user && { user }),
        ...(actor && { actor }),
        ...details,
      },
      message,
    )
  }
}
