// What time is it, and when is something due?

export interface Clock {
  /** Wall-clock milliseconds since 1970. May step. */
  now(): number
  /** Milliseconds that only ever go forward, from an arbitrary start. */
  monotonic(): number
  /** Runs `task` every `interval` milliseconds until the returned function is called. Never keeps a process alive. */
  every(interval: number, task: () => void): () => void
}
