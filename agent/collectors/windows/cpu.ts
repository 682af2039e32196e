import type { CpuTimes, WindowsHost } from '../../host/windows/host.ts'
import { gauge } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'
import { hasLinuxNames } from './names.ts'
import type { WindowsNames } from './names.ts'

/** Shares of processor time since the collection before, so the first one gives nothing. */
export function createCpuCollector(host: Pick<WindowsHost, 'cpuTimes'>, names: WindowsNames): Collector {
  let previous: CpuTimes | undefined
  return {
    name: 'cpu',
    async collect() {
      const current = await host.cpuTimes()
      const samples = previous ? cpuUsage(previous, current, names) : []
      previous = current
      return samples
    },
  }
}

export function cpuUsage(previous: CpuTimes, current: CpuTimes, names: WindowsNames): CollectedSample[] {
  // The three are not read in one moment, so that what little passed between two readings may seem to fall.
  const passed = (kind: keyof CpuTimes) => Math.max(0, current[kind] - previous[kind])
  const elapsed = passed('idle') + passed('system') + passed('user')
  const percent = (kind: keyof CpuTimes) => (elapsed === 0 ? 0 : (100 * passed(kind)) / elapsed)
  const idle = percent('idle')
  return [
    gauge('cpu.idle', idle),
    gauge('cpu.user', percent('user')),
    gauge('cpu.system', percent('system')),
    ...(hasLinuxNames(names) ? [gauge('cpu.busy', 100 - idle)] : []),
  ]
}
