// Who is one sender, whatever they write and however they are connected?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../../src/core/network/address.ts'
import { clientAddress, parseRange } from '../../../src/core/network/client-address.ts'
import { isKnownAddress, networkOf } from '../../../src/core/network/network.ts'

describe('a network', () => {
  it.each<[ip: string | null, network: string]>([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.8', '203.0.113.8'],
    // IPv4 in an IPv6 socket: each is one sender, not all of them together.
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['::ffff:203.0.113.8', '203.0.113.8'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8::ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:1::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['fe80::1%25wlan1', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    // 6to4 and NAT64: the IPv4 address that stands in it.
    ['2002:cb00:7107::1', '203.0.113.7'],
    ['2002:cb00:7107:ffff::1', '203.0.113.7'],
    ['64:ff9b::203.0.113.7', '203.0.113.7'],
    ['64:ff9b::203.0.113.8', '203.0.113.8'],
    [null, 'unknown'],
    ['', 'unknown'],
    ['unknown', 'unknown'],
    ['localhost', 'unknown'],
    ['1', 'unknown'],
    ['010.0.0.1', 'unknown'],
    ['0x7f.0.0.1', 'unknown'],
    ['127.1', 'unknown'],
    ['256.0.0.1', 'unknown'],
    ['1.2.3.4.5', 'unknown'],
    ['2001:db8::1::2', 'unknown'],
    ['2001:db8::/64', 'unknown'],
  ])('of %j is %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network)
    expect(isKnownAddress(networkOf(ip))).toBe(network !== 'unknown')
  })

  it('is found for any text without an error', () => {
    fc.assert(fc.property(fc.string(), (text) => networkOf(text).length < 48))
    fc.assert(fc.property(fc.ipV6(), (ip) => isKnownAddress(networkOf(ip))))
    fc.assert(fc.property(fc.ipV4(), (ip) => networkOf(`::ffff:${ip}`) === ip && networkOf(ip) === ip))
  })
})

describe('an address', () => {
  it.each<[text: string, address: string | null]>([
    ['192.0.2.1', '192.0.2.1'],
    [' 192.0.2.1 ', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:DB8::1]:4711', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:80', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['192.0.2.1:', null],
    ['192.0.2.1:port', null],
    ['[192.0.2.1', null],
    ['192.0.2', null],
    ['"192.0.2.1"', null],
    ['for=192.0.2.1', null],
    ['_hidden', null],
  ])('written as %j is %s', (text, address) => {
    expect(parseAddress(text)?.toString() ?? null).toBe(address)
  })
})

const ranges = (...texts: string[]) =>
  texts.map((text) => parseRange(text) ?? expect.fail(`${text} is no range`))
const PROXIES = ranges('10.0.0.0/8', '2001:db8:ffff::/48', '192.0.2.1')

describe('the address of a client', () => {
  it.each<[trusted: number, forwarded: string | null, address: string]>([
    [0, '203.0.113.7', '10.0.0.1'],
    [0, null, '10.0.0.1'],
    [1, '203.0.113.7', '203.0.113.7'],
    [1, 'forged, 203.0.113.7', '203.0.113.7'],
    [1, '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    [1, '198.51.100.1,203.0.113.7', '203.0.113.7'],
    [2, 'forged, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
    [2, '203.0.113.7', '10.0.0.1'],
    [1, null, '10.0.0.1'],
    [1, '', '10.0.0.1'],
    [1, '203.0.113.7,', '10.0.0.1'],
    [1, '203.0.113.7, unknown', '10.0.0.1'],
    [1, '203.0.113.7, 127.1', '10.0.0.1'],
    [1, '::ffff:203.0.113.7', '203.0.113.7'],
    [1, '[2001:db8::7]:4711', '2001:db8::7'],
  ])('behind %i proxies that say %j is %s', (trusted, forwarded, address) => {
    expect(clientAddress('10.0.0.1', forwarded, trusted)).toBe(address)
  })

  it.each<[peer: string | null, forwarded: string | null, address: string | null]>([
    // Whoever is no proxy says what they like.
    ['198.51.100.1', '203.0.113.7', '198.51.100.1'],
    ['::ffff:198.51.100.1', '203.0.113.7', '198.51.100.1'],
    [null, '203.0.113.7', null],
    ['10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['192.0.2.1', '203.0.113.7', '203.0.113.7'],
    ['192.0.2.2', '203.0.113.7', '192.0.2.2'],
    ['2001:db8:ffff::1', '203.0.113.7', '203.0.113.7'],
    ['2001:db8:fffe::1', '203.0.113.7', '2001:db8:fffe::1'],
    ['10.0.0.1', 'forged, 203.0.113.7, 10.9.9.9, 192.0.2.1', '203.0.113.7'],
    ['10.0.0.1', '203.0.113.7, nonsense, 10.9.9.9', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.2, 10.0.0.3', '10.0.0.1'],
    ['10.0.0.1', null, '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
  ])('behind proxies with known addresses, at %s that says %j, is %s', (peer, forwarded, address) => {
    expect(clientAddress(peer, forwarded, PROXIES)).toBe(address)
  })

  it('is never what stands left of the first that nobody vouches for, whatever is forged', () => {
    const forged = fc.string().map((text) => text.replaceAll(/[\r\n\0]/g, ''))
    fc.assert(
      fc.property(forged, fc.integer({ min: 1, max: 3 }), (text, count) => {
        const added = ['203.0.113.7', '10.0.0.9', '10.0.0.8'].slice(0, count)
        const chain = [text, ...added].join(', ')
        expect(clientAddress('10.0.0.1', chain, count)).toBe('203.0.113.7')
        expect(clientAddress('10.0.0.1', chain, PROXIES)).toBe('203.0.113.7')
      }),
    )
  })
})

describe('a range of addresses', () => {
  it.each<[text: string, outcome: object | null]>([
    ['10.0.0.1', { bytes: [10, 0, 0, 1], bits: 32 }],
    [' 10.0.0.0/8 ', { bytes: [10, 0, 0, 0], bits: 8 }],
    ['::ffff:10.0.0.0/104', { bytes: [10, 0, 0, 0], bits: 8 }],
    ['fd00::/8', { bytes: [0xfd, ...new Array(15).fill(0)], bits: 8 }],
    ['0.0.0.0/0', null],
    ['::/0', null],
    ['::ffff:0.0.0.0/96', null],
    ['10.0.0.0/33', null],
    ['fd00::/129', null],
    ['10.0.0.0/8/8', null],
    ['10.0.0.0/', null],
    ['10.0.0/8', null],
    ['10.0.0.1:80', null],
    ['[fd00::1]', null],
    ['fe80::1%eth0', null],
    ['proxy.example.com', null],
    ['', null],
  ])('%j', (text, outcome) => {
    expect(parseRange(text)).toEqual(outcome)
  })
})
