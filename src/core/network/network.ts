// Which addresses belong to one sender, so that they share one budget?
import type { IPv6 } from 'ipaddr.js'
import ipaddr from 'ipaddr.js'
import { parseAddress } from './address.ts'

/** Senders whose address nobody knows are one sender. */
const UNKNOWN = 'unknown'

/** 6to4, RFC 3056: the IPv4 address stands behind the first 16 bits, and a /48 belongs to it. */
const SIX_TO_FOUR = ipaddr.IPv6.parseCIDR('2002::/16')
/** NAT64, RFC 6052: one /96 holds all of IPv4. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/**
 * An IPv4 address is a network by itself. Of IPv6 a household or a server has at least a /64, and could use each address in it once.
 *
 * @example `networkOf('2001:db8::1')` is `2001:db8:0:0::/64`.
 */
export function networkOf(ip: string | null): string {
  const address = ip === null ? null : parseAddress(ip)
  if (!address) return UNKNOWN
  if (address.kind() === 'ipv4') return address.toString()
  const { parts } = address as IPv6
  if (address.match(SIX_TO_FOUR)) return toIPv4(parts[1], parts[2])
  if (address.match(NAT64)) return toIPv4(parts[6], parts[7])
  return `${parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}

export function isKnownAddress(network: string): boolean {
  return network !== UNKNOWN
}

function toIPv4(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
