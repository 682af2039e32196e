import type { WindowsHost } from '../../host/windows/host.ts'
import { gauge } from '../collector.ts'
import type { Collector } from '../collector.ts'

/** Whether updates wait for a restart. */
export function createRebootCollector(host: Pick<WindowsHost, 'rebootPending'>): Collector {
  return {
    name: 'reboot',
    collect: async () => [gauge('win.reboot.pending', (await host.rebootPending()) ? 1 : 0)],
  }
}
