import type { CpuTimes, LinuxHost } from '../../host/linux/host.ts'
import { counter, gauge } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'

/** Shares of processor time since the collection before, so the first one gives nothing. */
export function createCpuCollector(host: Pick<LinuxHost, 'cpuTimes'>): Collector {
  let previous: CpuTimes | undefined
  return {
    name: 'cpu',
    async collect() {
      const current = await host.cpuTimes()
      const samples = previous ? [...cpuUsage(previous, current), counter('cpu.switches', current.contextSwitches)] : []
      previous = current
      return samples
    },
  }
}

/** What passed between two readings, in percent of all ticks: all gauges of `cpu.*`. */
export function cpuUsage(previous: CpuTimes, current: CpuTimes): CollectedSample[] {
  // Some kernels let idle and iowait fall by a few ticks; what falls has not passed.
  const ticks = (kind: keyof CpuTimes) => Math.max(0, current[kind] - previous[kind])
  // Falcon: guests are inside user and left out of the total, niced guests are not.
  const counted = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal', 'guestNice'] as const
  const elapsed = counted.reduce((sum, kind) => sum + ticks(kind), 0)
  const percent = (kind: keyof CpuTimes) => (elapsed === 0 ? 0 : (100 * ticks(kind)) / elapsed)
  const idle = percent('idle')
  return [
    gauge('cpu.idle', idle),
    // Falcon: busy is what idle leaves, so it reads 100 when no tick has passed.
    gauge('cpu.busy', 100 - idle),
    gauge('cpu.user', percent('user')),
    gauge('cpu.nice', percent('nice')),
    gauge('cpu.system', percent('system')),
    gauge('cpu.iowait', percent('iowait')),
    gauge('cpu.irq', percent('irq')),
    gauge('cpu.softirq', percent('softirq')),
    gauge('cpu.steal', percent('steal')),
    gauge('cpu.guest', percent('guest')),
  ]
}
