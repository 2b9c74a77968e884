/** The path, or `null`. */
export declare function findPgBouncer(env?: NodeJS.ProcessEnv): string | null
