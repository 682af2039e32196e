import { expect, test } from 'vitest'
import { gauge } from '../collector.ts'
import { collectorContract } from './collector.contract.ts'
import { createKernelCollector } from './kernel.ts'

test('what is left of the file handles is what the kernel allows without those in use', async () => {
  const limits = { maxFiles: 391884, allocatedFiles: 1000, maxProcesses: 4194304 }
  const samples = await createKernelCollector({ kernelLimits: async () => limits }).collect()
  expect(samples).toContainEqual(gauge('kernel.files.left', 390884))
  expect(samples).toContainEqual(gauge('kernel.maxproc', 4194304))
})

collectorContract((host) => createKernelCollector(host), '/proc/sys/fs/file-max')
