// From which address does a request come, when proxies may stand in front?
import { parseAddress } from './address.ts'

/** Addresses that have their first `bits` bits in common. */
export interface AddressRange {
  /** 4 or 16. */
  readonly bytes: readonly number[]
  readonly bits: number
}

/** How many proxies stand in front, or which addresses they have. `0`: none, and what a request says of others is not believed. */
export type TrustedProxies = number | readonly AddressRange[]

/** An address, or one with the length of a prefix (`10.0.0.0/8`); `null` for anything else, and for one that holds every address. */
export function parseRange(text: string): AddressRange | null {
  const [, host = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? []
  const bytes = parseAddress(host)?.toByteArray()
  if (!bytes || /[%[\]]/.test(host) || /\.\d+:/.test(host)) return null
  const mapped = bytes.length === 4 && host.includes(':') ? 96 : 0
  const bits = length === undefined ? bytes.length * 8 : Number(length) - mapped
  return bits >= 1 && bits <= bytes.length * 8 ? { bytes, bits } : null
}

/**
 * `peer`: who holds the other end of the connection. `forwarded`: `X-Forwarded-For`, to which each proxy adds, at the right, whom it
 * heard; what stands further left was written by nobody knows whom. With a count, it is the n-th from the right; with ranges, the
 * first from the right that is no proxy. Where the header is missing, too short, malformed or all proxies: the peer, whom nobody
 * can invent.
 *
 * @example `clientAddress('10.0.0.1', 'forged, 203.0.113.7', 1)` is `203.0.113.7`.
 */
export function clientAddress(
  peer: string | null,
  forwarded: string | null,
  trusted: TrustedProxies,
): string | null {
  const chain = forwarded?.split(',') ?? []
  const claimed = typeof trusted === 'number' ? chain.at(-trusted) : firstStranger(peer, chain, trusted)
  const found = trusted === 0 || claimed === undefined ? null : parseAddress(claimed)
  return found?.toString() ?? normalized(peer)
}

function firstStranger(
  peer: string | null,
  chain: readonly string[],
  proxies: readonly AddressRange[],
): string | undefined {
  const isProxy = (text: string | null): boolean => text !== null && isWithin(text, proxies)
  return isProxy(peer) ? chain.findLast((text) => !isProxy(text)) : undefined
}

function isWithin(text: string, ranges: readonly AddressRange[]): boolean {
  const bytes = parseAddress(text)?.toByteArray()
  return bytes !== undefined && ranges.some((range) => hasPrefix(bytes, range))
}

function hasPrefix(bytes: readonly number[], range: AddressRange): boolean {
  if (bytes.length !== range.bytes.length) return false
  return bytes.every((byte, at) => {
    const rest = Math.min(Math.max(range.bits - at * 8, 0), 8)
    return (byte ^ (range.bytes[at] ?? 0)) >> (8 - rest) === 0
  })
}

/** One spelling for each address, so that a user recognises theirs. */
function normalized(peer: string | null): string | null {
  return peer === null ? null : (parseAddress(peer)?.toString() ?? peer)
}
