import { expect, test } from 'vitest'
import type { CpuTimes } from '../../host/linux/host.ts'
import { counter, gauge } from '../collector.ts'
import { collectorContract } from './collector.contract.ts'
import { cpuUsage, createCpuCollector } from './cpu.ts'

const nothing: CpuTimes = {
  user: 0,
  nice: 0,
  system: 0,
  idle: 0,
  iowait: 0,
  irq: 0,
  softirq: 0,
  steal: 0,
  guest: 0,
  guestNice: 0,
  contextSwitches: 0,
}
const times = (some: Partial<CpuTimes>): CpuTimes => ({ ...nothing, ...some })

test('the first reading gives nothing, the second gives the share since the first', async () => {
  const readings = [times({ user: 10, idle: 90 }), times({ user: 25, idle: 175, contextSwitches: 7 })]
  const cpu = createCpuCollector({ cpuTimes: async () => readings.shift() ?? nothing })

  expect(await cpu.collect()).toEqual([])
  const second = await cpu.collect()
  expect(second).toContainEqual(gauge('cpu.busy', 15))
  expect(second).toContainEqual(counter('cpu.switches', 7))
})

test('guests are inside user, niced guests are counted beside nice', () => {
  const usage = cpuUsage(nothing, times({ user: 50, guest: 40, nice: 10, guestNice: 10, idle: 30 }))
  expect(usage).toContainEqual(gauge('cpu.user', 50))
  expect(usage).toContainEqual(gauge('cpu.guest', 40))
  expect(usage).toContainEqual(gauge('cpu.idle', 30))
})

test('when no tick has passed, nothing is idle and the rest is busy', () => {
  expect(cpuUsage(nothing, nothing).map((sample) => sample.value)).toEqual([0, 100, 0, 0, 0, 0, 0, 0, 0, 0])
})

test('a count that falls, as iowait does on some kernels, makes no share negative or above 100', () => {
  const usage = cpuUsage(times({ iowait: 500, idle: 1000 }), times({ iowait: 490, idle: 1060, user: 40 }))
  expect(usage).toContainEqual(gauge('cpu.iowait', 0))
  expect(usage).toContainEqual(gauge('cpu.idle', 60))
  for (const { value } of usage) expect(value >= 0 && value <= 100).toBe(true)
})

test('a reading that fails is not taken for the one before', async () => {
  const readings = [times({ idle: 100 }), undefined, times({ idle: 150, user: 50 })]
  const cpu = createCpuCollector({
    async cpuTimes() {
      const reading = readings.shift()
      if (!reading) throw new Error('Cannot read /proc/stat: EIO')
      return reading
    },
  })
  await cpu.collect()
  await expect(cpu.collect()).rejects.toThrow('EIO')
  expect(await cpu.collect()).toContainEqual(gauge('cpu.idle', 50))
})

collectorContract((host) => createCpuCollector(host), '/proc/stat')
