import { expect, test } from 'vitest'
import { counter } from '../collector.ts'
import { collectorContract } from './collector.contract.ts'
import { createSnmpUdpCollector } from './snmp-udp.ts'

test('all that the kernel counts is sent, also what it did not count yesterday', async () => {
  const counters = new Map([
    ['NoPorts', 1],
    ['NewOne', 2],
  ])
  expect(await createSnmpUdpCollector({ protocolCounters: async () => counters }).collect()).toEqual([
    counter('snmp.Udp.NoPorts', 1),
    counter('snmp.Udp.NewOne', 2),
  ])
})

collectorContract((host) => createSnmpUdpCollector(host), '/proc/net/snmp')
