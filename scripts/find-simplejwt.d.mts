/** The command, or `null`. */
export declare function findSimpleJwt(): string | null
