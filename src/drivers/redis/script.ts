// How does Redis carry out a script that it may have forgotten?
import { createHash } from 'node:crypto'
import type { Link } from './link.ts'
import { NoScript } from './link.ts'

/** Answers what the script does. @throws {AuthError} `unavailable` as `Link`. */
export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>

/** By its digest; whole where Redis does not know it, after which it does. */
export function createScript(link: Pick<Link, 'call'>, source: string): Script {
  // What EVALSHA asks for: a name, which is no matter of security.
  const digest = createHash('sha1').update(source).digest('hex')
  return async (keys, args) => {
    const rest = [String(keys.length), ...keys, ...args.map(String)]
    try {
      return await link.call('EVALSHA', digest, ...rest)
    } catch (error) {
      if (error instanceof NoScript) return link.call('EVAL', source, ...rest)
      throw error
    }
  }
}
