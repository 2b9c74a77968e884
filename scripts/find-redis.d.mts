/** The path, or `null`. */
export declare function findRedis(env?: NodeJS.ProcessEnv): string | null
