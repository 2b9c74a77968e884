// Which proxies may say from where a request comes?
import * as v from 'valibot'
import type { TrustedProxies } from '../core/network/client-address.ts'
import { parseRange } from '../core/network/client-address.ts'
import { fail } from './check.ts'

const MOST_PROXIES = 16
const MOST_RANGES = 256

const FORM = `must be a number of proxies up to ${MOST_PROXIES}, or a list of at most ${MOST_RANGES} addresses such as 10.0.0.0/8`

export const trustedProxiesSchema: v.GenericSchema<number | readonly string[]> = v.union(
  [
    v.pipe(v.number(), v.integer(FORM), v.minValue(0, FORM), v.maxValue(MOST_PROXIES, FORM)),
    v.pipe(v.array(v.string()), v.maxLength(MOST_RANGES, FORM)),
  ],
  FORM,
)

export function resolveTrustedProxies(chosen: number | readonly string[]): TrustedProxies {
  if (typeof chosen === 'number') return chosen
  return chosen.map((text) => {
    const range = parseRange(text)
    if (range) return range
    return fail(
      `option trustedProxies: ${JSON.stringify(text)} is not an address or range such as 10.0.0.1 or 10.0.0.0/8`,
    )
  })
}
