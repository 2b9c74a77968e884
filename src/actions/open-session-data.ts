// Where is the session data of this request kept?
import type { Runtime } from './runtime.ts'
import { openSealedData } from './sealed-session-data.ts'
import { openServerData } from './server-session-data.ts'
import type { DataHolder, SessionData } from './session-data.ts'

/** Nothing is read, verified or opened until it is asked for. */
export function openSessionData(runtime: Runtime, holder: DataHolder): SessionData {
  return runtime.config.sessionData.store === 'server'
    ? openServerData(runtime, holder)
    : openSealedData(runtime, holder)
}
