import { expect, test } from 'vitest'
import { counter } from '../collector.ts'
import { collectorContract } from './collector.contract.ts'
import { createTcpExtCollector } from './tcp-ext.ts'

test('of what the kernel counts, only what is listed is sent, and what it lacks is absent', async () => {
  const counters = new Map([
    ['SyncookiesSent', 1],
    ['ListenDrops', 2],
    ['TCPLoss', 3],
  ])
  const samples = await createTcpExtCollector({ protocolCounters: async () => counters }).collect()
  expect(samples).toEqual([counter('TcpExt.ListenDrops', 2), counter('TcpExt.TCPLoss', 3)])
})

collectorContract((host) => createTcpExtCollector(host), '/proc/net/netstat')
