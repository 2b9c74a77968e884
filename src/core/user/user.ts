// What is a user, as the store keeps it?

/** Instants in milliseconds since 1970 by the store's clock. */
export interface UserRecord {
  readonly id: string
  readonly email: string
  readonly username: string | null
  readonly name: string | null
  /** A PHC string; `null` where the user signs in by other means. */
  readonly passwordHash: string | null
  readonly roles: readonly string[]
  readonly emailVerifiedAt: number | null
  readonly disabledAt: number | null
  /** Raised in the statement that changes roles, `disabled`, password or e-mail. */
  readonly revision: number
  readonly createdAt: number
  readonly lastLoginAt: number | null
}
