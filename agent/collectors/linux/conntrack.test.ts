import { expect, test } from 'vitest'
import { gauge } from '../collector.ts'
import { collectorContract } from './collector.contract.ts'
import { createConntrackCollector } from './conntrack.ts'

const of = (count: number, max: number) =>
  createConntrackCollector({ trackedConnections: async () => ({ count, max }) }).collect()

test('the share of the limit is what fills up', async () => {
  expect(await of(131_072, 262_144)).toEqual([
    gauge('net.conntrack.count', 131_072),
    gauge('net.conntrack.max', 262_144),
    gauge('net.conntrack.used.percent', 50),
  ])
})

test('a limit of 0 means that there is none; one that was lowered is full', async () => {
  expect(await of(5, 0)).toContainEqual(gauge('net.conntrack.used.percent', 0))
  expect(await of(5, 4)).toContainEqual(gauge('net.conntrack.used.percent', 100))
})

test('where connections are not tracked there is nothing, and no failure', async () => {
  expect(await createConntrackCollector({ trackedConnections: async () => undefined }).collect()).toEqual([])
})

collectorContract((host) => createConntrackCollector(host))
