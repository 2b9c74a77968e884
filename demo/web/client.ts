// How does the page talk to its server, and what does it learn on the way besides who is signed in?
import { createClient } from 'lockjar/client'
import { useSyncExternalStore } from 'react'

/** Good answers so far: what could not be reached before has been reached since. */
let answers = 0
let signedIn = false
/** On the way out, as the user asked. */
let leaving = false
let endedElsewhere = false
const listeners = new Set<() => void>()

const connection = createClient({
  async fetch(input, init) {
    const response = await fetch(input, init)
    if (response.ok) tell(() => answers++)
    return response
  },
})

connection.onChange(({ status }) => {
  tell(() => {
    if (status === 'signedIn') endedElsewhere = false
    else if (signedIn) endedElsewhere = !leaving
    signedIn = status === 'signedIn'
  })
})

export const client = {
  ...connection,
  logout: () => leave(connection.logout()),
  logoutAll: () => leave(connection.logoutAll()),
  deleteMe: (password: string) => leave(connection.deleteMe(password)),
}

/** Where the session turns out to have ended before, what the user asked for was not done. */
async function leave(going: Promise<void>): Promise<void> {
  const wasSignedIn = signedIn
  leaving = true
  try {
    await going
  } catch (error) {
    tell(() => {
      endedElsewhere = wasSignedIn && !signedIn
    })
    throw error
  } finally {
    leaving = false
  }
}

function tell(change: () => void): void {
  change()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Grows with every good answer. */
export function useAnswers(): number {
  return useSyncExternalStore(subscribe, () => answers)
}

/** Whether this page was signed in until another browser or tab, or time, ended the session. */
export function useEndedElsewhere(): boolean {
  return useSyncExternalStore(subscribe, () => endedElsewhere)
}
