// Did the user prove who they are recently enough?

export interface RecentAuthInput {
  /** When a password, or another factor, was last proved. Milliseconds since 1970. */
  readonly authTime: number
  readonly now: number
  /** Milliseconds. */
  readonly maxAge: number
  /** Milliseconds by which the clock that wrote `authTime` may be ahead of this one. */
  readonly leeway: number
}

/** An instant in the future is not recent: somebody set a clock, and how long ago it was cannot be known. */
export function isRecentAuth({ authTime, now, maxAge, leeway }: RecentAuthInput): boolean {
  return authTime <= now + leeway && now - authTime <= maxAge
}
