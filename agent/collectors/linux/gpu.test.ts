import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLinuxHost } from '../../host/linux.ts'
import { findMetric } from '../../catalogue/catalogue.ts'
import { gauge } from '../collector.ts'
import { createGpuCollector } from './gpu.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gpu-root-'))
})
afterEach(() => rm(root, { recursive: true }))

/** A host with the driver, whose tool is this script; without a script the tool is missing. */
async function collector(script?: string) {
  await mkdir(join(root, 'proc/driver/nvidia'), { recursive: true })
  await writeFile(join(root, 'proc/driver/nvidia/version'), 'NVRM version: NVIDIA UNIX x86_64 Kernel Module\n')
  const tool = join(root, 'nvidia-smi')
  if (script !== undefined) {
    await writeFile(tool, `#!/bin/sh\n${script}\n`)
    await chmod(tool, 0o755)
  }
  return createGpuCollector(createLinuxHost({ root, nvidiaSmi: tool }))
}

test('each card gives what it tells, and all together their number and averages in whole percent', async () => {
  const gpu = await collector(
    `echo "$1" | grep -q '^--query-gpu=uuid,fan.speed,temperature.gpu,memory.total,memory.used,utilization.memory,utilization.gpu,power.draw$' || exit 9
     echo 'GPU-aa, 30, 45, 16160, 1024, 3, 12, 48.93'
     echo 'GPU-bb, [N/A], 51, 16160, 0, 0, 99, [Not Supported]'`,
  )
  const samples = await gpu.collect()
  expect(samples).toEqual([
    gauge('gpu.fan.speed', 30, 'uuid=GPU-aa'),
    gauge('gpu.temperature', 45, 'uuid=GPU-aa'),
    gauge('gpu.memory.total', 16_160, 'uuid=GPU-aa'),
    gauge('gpu.memory.used', 1024, 'uuid=GPU-aa'),
    gauge('gpu.memory.util', 3, 'uuid=GPU-aa'),
    gauge('gpu.util', 12, 'uuid=GPU-aa'),
    gauge('gpu.power.usage', 48, 'uuid=GPU-aa'),
    gauge('gpu.temperature', 51, 'uuid=GPU-bb'),
    gauge('gpu.memory.total', 16_160, 'uuid=GPU-bb'),
    gauge('gpu.memory.used', 0, 'uuid=GPU-bb'),
    gauge('gpu.memory.util', 0, 'uuid=GPU-bb'),
    gauge('gpu.util', 99, 'uuid=GPU-bb'),
    gauge('gpu.count', 2),
    gauge('gpu.util.avg', 55),
    gauge('gpu.memory.util.avg', 1),
  ])
  for (const { metric, tags } of samples)
    expect(findMetric(metric)?.group.tags, metric).toEqual(tags === '' ? [] : ['uuid'])
})

test('a host without the driver, or without its tool, has no cards', async () => {
  expect(await createGpuCollector(createLinuxHost({ root, nvidiaSmi: join(root, 'none') })).collect()).toEqual([])
  expect(await (await collector()).collect()).toEqual([])
})

test('a driver that cannot be asked is told in the words of its tool', async () => {
  const gpu = await collector("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
  await expect(gpu.collect()).rejects.toThrow(/^Cannot ask .*nvidia-smi: Failed to initialize NVML: Driver/)
})
