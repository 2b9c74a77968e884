// For how long is a network remembered from which a user has proved who they are, and how many of them?

/** Milliseconds since the last time. */
export const KNOWN_FOR: number = 90 * 86_400_000

/** Of one user; one more takes the place of the one that was seen longest ago. */
export const MOST_KNOWN = 50
