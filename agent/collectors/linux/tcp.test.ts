import { expect, test } from 'vitest'
import { collectorContract } from './collector.contract.ts'
import { createTcpCollector } from './tcp.ts'

test('a kernel that does not count them has no such metric', async () => {
  expect(await createTcpCollector({ protocolCounters: async () => new Map() }).collect()).toEqual([])
})

collectorContract((host) => createTcpCollector(host), '/proc/net/snmp')
