import { expect, test } from 'vitest'
import { gauge } from '../collector.ts'
import { collectorContract } from './collector.contract.ts'
import { createSocketsCollector } from './sockets.ts'

const sockets = { established: 5, closed: 4, orphaned: 1, timeWait: 3 }

test('half-open connections are counted once a minute, however short the step', async () => {
  let nowMs = 0
  let counts = 0
  const host = { sockets: async () => sockets, synReceived: async () => ++counts }
  const collector = createSocketsCollector(host, () => nowMs)
  const synReceived = async () => (await collector.collect()).find((sample) => sample.metric === 'ss.synrecv')?.value

  expect(await synReceived()).toBe(1)
  nowMs = 10_000
  expect(await synReceived()).toBe(1)
  nowMs = 60_000
  expect(await synReceived()).toBe(2)
})

test('on a host with too many sockets to count, the half-open ones are absent and the others are sent', async () => {
  const host = { sockets: async () => sockets, synReceived: async () => undefined }
  expect(await createSocketsCollector(host).collect()).toEqual([
    gauge('ss.estab', 5),
    gauge('ss.closed', 4),
    gauge('ss.orphaned', 1),
    gauge('ss.timewait', 3),
    gauge('ss.slabinfo.timewait', 0),
  ])
})

collectorContract((host) => createSocketsCollector(host), '/proc/net/sockstat')
