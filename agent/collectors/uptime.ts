import type { Host } from '../host/host.ts'
import { gauge } from './collector.ts'
import type { Collector } from './collector.ts'

export function createUptimeCollector(host: Pick<Host, 'uptimeSeconds'>): Collector {
  return { name: 'uptime', collect: async () => [gauge('sys.uptime', Math.floor(await host.uptimeSeconds()))] }
}
