// How long does a mail wait after a try that failed?

const SHORTEST = 5000
const LONGEST = 30 * 60_000
/** No mail waits longer than this for a server that was away, once it is back. */
const LONGEST_OUTAGE = 60_000

/** As long again as it has waited already, so that the waits double without being counted. Milliseconds. */
export function waitAfter(age: number, failure: 'deferred' | 'unreachable'): number {
  const longest = failure === 'unreachable' ? LONGEST_OUTAGE : LONGEST
  return Math.min(longest, Math.max(SHORTEST, age))
}

/** For how long nothing is tried after so many failures to reach the server, one after the other. Milliseconds. */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_OUTAGE, 1000 * 2 ** (failures - 1))
}
