import { expect, test } from 'vitest'
import type { NetworkInterface } from '../../host/linux/host.ts'
import { counter, gauge } from '../collector.ts'
import { collectorContract } from './collector.contract.ts'
import { createNetCollector, interfaceSamples } from './net.ts'

const nic: NetworkInterface = {
  name: 'eth0',
  in: { bytes: 1000, packets: 10, errors: 1, dropped: 2, fifoErrors: 3, frameErrors: 4, compressed: 5, multicast: 6 },
  out: { bytes: 500, packets: 9, errors: 8, dropped: 7, fifoErrors: 6, collisions: 5, carrierErrors: 4, compressed: 3 },
  speedMbit: 100,
}

test('an interface has 26 samples, each with its name', () => {
  const samples = interfaceSamples(nic)
  expect(samples).toHaveLength(26)
  expect(new Set(samples.map((sample) => sample.tags))).toEqual(new Set(['iface=eth0']))
})

test('percentages are bits in percent of the speed, so that their rate is the use of the link', () => {
  const samples = interfaceSamples(nic)
  expect(samples).toContainEqual(gauge('net.if.speed.bits', 100_000_000, 'iface=eth0'))
  expect(samples).toContainEqual(counter('net.if.in.percent', 0.008, 'iface=eth0'))
  expect(samples).toContainEqual(counter('net.if.out.percent', 0.004, 'iface=eth0'))
})

test('where the speed is unknown, it and the percentages are 0', () => {
  const samples = interfaceSamples({ ...nic, speedMbit: undefined })
  expect(samples).toContainEqual(gauge('net.if.speed.bits', 0, 'iface=eth0'))
  expect(samples).toContainEqual(counter('net.if.in.percent', 0, 'iface=eth0'))
})

test('a virtual interface that says -1 has the speed that Open-Falcon gives it', () => {
  const samples = interfaceSamples({ ...nic, speedMbit: -1 })
  expect(samples).toContainEqual(gauge('net.if.speed.bits', -1_000_000, 'iface=eth0'))
  expect(samples).toContainEqual(counter('net.if.in.percent', -0.8, 'iface=eth0'))
})

test('only interfaces that are wanted are asked for', async () => {
  const wants = (name: string) => name === 'eth0'
  const net = createNetCollector({ networkInterfaces: async (filter) => (filter === wants ? [nic] : []) }, wants)
  expect(await net.collect()).toHaveLength(26)
})

collectorContract((host) => createNetCollector(host, (name) => name.startsWith('e')), '/proc/net/dev')
