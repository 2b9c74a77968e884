// What does the browser provide besides `fetch`? The one place in the page's half that reads a clock or a global.

/** What one tab tells the others of the same origin. Never a token. */
export type Post = (message: unknown) => void

/** Parts that a test may replace; a server has none of them, and the client does without. */
export interface Platform {
  /** Milliseconds since 1970. */
  now(): number
  /** From 0 to 1. */
  random(): number
  wait(milliseconds: number): Promise<void>
  /** `document.cookie`. */
  cookies(): string
  /**
   * Runs `work` while no other tab of the browser runs one of this name. A tab that holds it for longer than `patience`, in
   * milliseconds, is waited for no more: it may be frozen, and the server serves both.
   */
  alone<T>(name: string, patience: number, work: () => Promise<T>): Promise<T>
  /** Hears what other tabs tell, and answers how to tell them. */
  tabs(name: string, hear: (message: unknown) => void): Post
  /** Calls back when the page comes out of the back and forward cache, where it heard nothing. */
  restored(listener: () => void): void
  warn(message: string): void
}

/** Only a page has tabs; Node has locks and channels too, which would keep a process alive. */
const isPage = (): boolean => typeof document === 'object'

export const browser: Platform = {
  now: () => Date.now(),
  random: () => Math.random(),
  wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
  cookies: () => (isPage() ? document.cookie : ''),
  async alone(name, patience, work) {
    const locks = isPage() ? navigator.locks : undefined
    if (!locks) return work()
    let begun: Promise<unknown> | undefined
    try {
      return (await locks.request(name, { signal: AbortSignal.timeout(patience) }, () => {
        begun = work()
        return begun
      })) as Awaited<ReturnType<typeof work>>
    } catch (error) {
      if (begun) throw error
      return work()
    }
  },
  tabs(name, hear) {
    if (!isPage() || typeof BroadcastChannel !== 'function') return () => {}
    const channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }) => hear(data)
    return (message) => channel.postMessage(message)
  },
  restored(listener) {
    if (isPage()) addEventListener('pageshow', ({ persisted }) => persisted && listener())
  },
  warn: (message) => console.warn(message),
}
