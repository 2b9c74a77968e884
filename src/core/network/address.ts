// Which address does a text mean, whatever its spelling?
import type { IPv4, IPv6 } from 'ipaddr.js'
import ipaddr from 'ipaddr.js'

export type Address = IPv4 | IPv6

/**
 * An address as sockets and proxies write it: with or without a zone, in brackets, with a port. An IPv4 address within an IPv6 one
 * (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) is the IPv4 address. `null` for anything else: no short or octal forms, which
 * each reader takes for another address.
 */
export function parseAddress(text: string): Address | null {
  const bare = withoutPort(text.trim()).replace(/%.*$/s, '')
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare)
  if (!bare.includes(':') || !ipaddr.IPv6.isValid(bare)) return null
  const address = ipaddr.IPv6.parse(bare)
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}

function withoutPort(text: string): string {
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? []
  if (bracketed !== undefined) return bracketed
  const [, dotted] = /^([\d.]+):\d{1,5}$/.exec(text) ?? []
  return dotted ?? text
}
