import { expect, test } from 'vitest'
import { parseSocketRow, parseSockStat } from './sockets.ts'

const sockstat = `sockets: used 17
TCP: inuse 10 orphan 2 tw 30 alloc 14 mem 210
UDP: inuse 4 mem 2
`

test('sockets of IPv4 and IPv6 are in use together', () => {
  expect(parseSockStat(sockstat, 'TCP6: inuse 5\nUDP6: inuse 1\n')).toEqual({
    inUse: 15,
    orphaned: 2,
    timeWait: 30,
    allocated: 14,
  })
})

test('without IPv6 there is nothing to add', () => {
  expect(parseSockStat(sockstat, '').inUse).toBe(10)
})

test('a missing line is told', () => {
  expect(() => parseSockStat('sockets: used 17\n', '')).toThrow('Cannot understand TCP inuse of /proc/net/sockstat')
})

test('rows of IPv4 and IPv6 have their port behind the last colon, in hexadecimal', () => {
  expect(parseSocketRow('   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000')).toEqual({
    localPort: 3306,
    state: '0A',
  })
  const any = '0'.repeat(32)
  expect(parseSocketRow(`1234: ${any}:01BB ${any}:0000 0A 00000000:00000000`)).toEqual({ localPort: 443, state: '0A' })
})

test('headings and empty lines are no rows', () => {
  expect(parseSocketRow('  sl  local_address rem_address   st tx_queue rx_queue')).toBeUndefined()
  expect(parseSocketRow('')).toBeUndefined()
})
