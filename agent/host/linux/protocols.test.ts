import { expect, test } from 'vitest'
import { parseProtocolCounters } from './protocols.ts'

const text = `TcpExt: SyncookiesSent ListenDrops
TcpExt: 7 8
IpExt: InNoRoutes
IpExt: 9
MPTcpExt: Other
MPTcpExt: 1
`

test('names of a group and the numbers below them', () => {
  expect(parseProtocolCounters(text, 'TcpExt')).toEqual(
    new Map([
      ['SyncookiesSent', 7],
      ['ListenDrops', 8],
    ]),
  )
  expect(parseProtocolCounters(text, 'IpExt')).toEqual(new Map([['InNoRoutes', 9]]))
})

test('a number may be negative', () => {
  expect(parseProtocolCounters('Tcp: MaxConn\nTcp: -1\n', 'Tcp')).toEqual(new Map([['MaxConn', -1]]))
})

test.each([
  ['', 'Udp'],
  ['UdpLite: NoPorts\nUdpLite: 1\n', 'Udp'],
  ['Udp: NoPorts\n', 'Udp'],
  ['Udp: NoPorts InErrors\nUdp: 1\n', 'Udp'],
  ['Udp: NoPorts\nUdp: 1 2\n', 'Udp'],
])('in %j there is no complete group %s', (text, group) =>
  expect(() => parseProtocolCounters(text, group)).toThrow(`"${group}" has no line of names`),
)
