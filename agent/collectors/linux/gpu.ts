import type { Gpu, LinuxHost } from '../../host/linux/host.ts'
import { gauge, hostTags } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'

/** NVIDIA cards; nothing on a host without their driver. */
export function createGpuCollector(host: Pick<LinuxHost, 'gpus'>): Collector {
  return { name: 'gpu', collect: async () => gpuSamples(await host.gpus()) }
}

export function gpuSamples(gpus: readonly Gpu[]): CollectedSample[] {
  if (gpus.length === 0) return []
  const sum = (of: (gpu: Gpu) => number | undefined) => gpus.reduce((sum, gpu) => sum + (of(gpu) ?? 0), 0)
  // Falcon: whole percent, over all cards, those included that do not tell theirs.
  const average = (of: (gpu: Gpu) => number | undefined) => Math.floor(sum(of) / gpus.length)
  return [
    ...gpus.flatMap(cardSamples),
    gauge('gpu.count', gpus.length),
    gauge(
      'gpu.util.avg',
      average((gpu) => gpu.busyPercent),
    ),
    gauge(
      'gpu.memory.util.avg',
      average((gpu) => gpu.memoryPercent),
    ),
  ]
}

/** What a card does not tell is left out: fanless ones have no fan speed. */
function cardSamples(gpu: Gpu): CollectedSample[] {
  const tags = hostTags({ uuid: gpu.uuid })
  const told: readonly (readonly [metric: string, value: number | undefined])[] = [
    ['gpu.fan.speed', gpu.fanPercent],
    ['gpu.temperature', gpu.celsius],
    ['gpu.memory.total', gpu.memoryTotalMib],
    ['gpu.memory.used', gpu.memoryUsedMib],
    ['gpu.memory.util', gpu.memoryPercent],
    ['gpu.util', gpu.busyPercent],
    // Falcon: whole watts.
    ['gpu.power.usage', gpu.watts === undefined ? undefined : Math.floor(gpu.watts)],
  ]
  return told.flatMap(([metric, value]) => (value === undefined ? [] : [gauge(metric, value, tags)]))
}
