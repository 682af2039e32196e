import { expect, test } from 'vitest'
import type { Memory } from '../../host/linux/host.ts'
import { gauge } from '../collector.ts'
import { collectorContract } from './collector.contract.ts'
import { createMemoryCollector, memorySamples, memoryUse } from './memory.ts'

const memory: Memory = {
  total: 1000,
  free: 100,
  available: 600,
  buffers: 50,
  cached: 250,
  swapTotal: 200,
  swapFree: 150,
}

test('free memory is what the kernel says is available', () => {
  expect(memoryUse(memory)).toEqual({ total: 1000, free: 600, used: 400 })
})

test('on a kernel that does not say it, free memory is that of free pages, buffers and files', () => {
  expect(memoryUse({ ...memory, available: undefined })).toEqual({ total: 1000, free: 400, used: 600 })
})

test('a host without swap has 0 % of it free and 0 % used', () => {
  const samples = memorySamples({ ...memory, swapTotal: 0, swapFree: 0 })
  expect(samples).toContainEqual(gauge('mem.swapfree.percent', 0))
  expect(samples).toContainEqual(gauge('mem.swapused.percent', 0))
})

collectorContract((host) => createMemoryCollector(host), '/proc/meminfo')
