import type { LinuxHost, Pressure } from '../../host/linux/host.ts'
import { gauge } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'

const resources = ['cpu', 'memory', 'io'] as const

/**
 * How much of the time tasks waited for a processor, for memory or for disks, since the collection before; the first one
 * gives nothing, and neither does a kernel without pressure stall information.
 */
export function createPressureCollector(host: Pick<LinuxHost, 'pressure'>): Collector {
  let previous: Pressure | undefined
  return {
    name: 'pressure',
    async collect() {
      const current = await host.pressure()
      const samples = previous && current ? pressureSamples(previous, current) : []
      previous = current
      return samples
    },
  }
}

export function pressureSamples(previous: Pressure, current: Pressure): CollectedSample[] {
  const elapsedMicros = (current.atMs - previous.atMs) * 1000
  return resources.flatMap((resource) => {
    const [before, now] = [previous[resource], current[resource]]
    if (!before || !now) return []
    const share = (kind: 'someMicros' | 'fullMicros', metric: string) => {
      const [from, to] = [before[kind], now[kind]]
      if (from === undefined || to === undefined || to < from) return []
      // The kernel adds up a moment later than it is asked.
      const percent = elapsedMicros <= 0 ? 0 : Math.min(100, (100 * (to - from)) / elapsedMicros)
      return [gauge(`pressure.${resource}.${metric}`, percent)]
    }
    return [...share('someMicros', 'some'), ...share('fullMicros', 'full')]
  })
}
