// What becomes of a browser's session data when its user signs out?
import type { Runtime } from './runtime.ts'
import { namedContainer } from './server-session-data.ts'

/** The container that the cookie names is ended. Sealed data goes with its cookie; a copy of one is bound to a session that has ended. */
export async function endSessionData(runtime: Runtime, cookie: string | null): Promise<void> {
  if (runtime.config.sessionData.store === 'sealed') return
  const named = await namedContainer(runtime, cookie)
  if (named) await runtime.store.sessionData.end(named.idHash)
}
