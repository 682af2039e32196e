import type { LinuxHost } from '../../host/linux/host.ts'
import { gauge } from '../collector.ts'
import type { Collector } from '../collector.ts'

/** How full the kernel's table of tracked connections is; nothing where connections are not tracked. */
export function createConntrackCollector(host: Pick<LinuxHost, 'trackedConnections'>): Collector {
  return {
    name: 'conntrack',
    async collect() {
      const tracked = await host.trackedConnections()
      if (!tracked) return []
      const { count, max } = tracked
      return [
        gauge('net.conntrack.count', count),
        gauge('net.conntrack.max', max),
        // The limit may be lowered below what is in the table.
        gauge('net.conntrack.used.percent', max === 0 ? 0 : Math.min(100, (100 * count) / max)),
      ]
    },
  }
}
