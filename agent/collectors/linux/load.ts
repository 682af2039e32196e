import type { LinuxHost } from '../../host/linux/host.ts'
import { gauge } from '../collector.ts'
import type { Collector } from '../collector.ts'

export function createLoadCollector(host: Pick<LinuxHost, 'loadAverage'>): Collector {
  return {
    name: 'load',
    async collect() {
      const load = await host.loadAverage()
      return [
        gauge('load.1min', load.oneMinute),
        gauge('load.5min', load.fiveMinutes),
        gauge('load.15min', load.fifteenMinutes),
      ]
    },
  }
}
