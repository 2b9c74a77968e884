/** The folder of `initdb` and `postgres`, or `null`. */
export declare function findPostgres(env?: NodeJS.ProcessEnv): string | null
