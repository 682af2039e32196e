import type { Logger } from '#lib/log'
import type { WindowsHost } from '../../host/windows/host.ts'
import { createAgentCollector } from '../agent.ts'
import type { Collector } from '../collector.ts'
import { createNtpCollector } from '../ntp.ts'
import { createUptimeCollector } from '../uptime.ts'
import { createConnectionsCollector } from './connections.ts'
import { createCountersCollector } from './counters.ts'
import type { CounterChoice } from './counters.ts'
import { createCpuCollector } from './cpu.ts'
import { createDfCollector } from './df.ts'
import { createDiskIoCollector } from './disk-io.ts'
import { createMemoryCollector } from './memory.ts'
import { hasLinuxNames } from './names.ts'
import type { WindowsNames } from './names.ts'
import { adapterFilter, createNetCollector } from './net.ts'
import type { AdapterChoice } from './net.ts'
import { createRebootCollector } from './reboot.ts'
import { createServicesCollector } from './services.ts'
import type { ServiceChoice } from './services.ts'

export interface CollectorSettings extends AdapterChoice, ServiceChoice, CounterChoice {
  readonly windowsNames: WindowsNames
  /** Drives such as `C:`; all when empty. */
  readonly mountPoint: readonly string[]
  /** Asked for the time; when empty, those of this machine's own time service; none when false. */
  readonly ntpServers: readonly string[] | false
}

/** Everything that is collected each step, in the order it is sent. */
export function createWindowsCollectors(host: WindowsHost, settings: CollectorSettings, log: Logger): Collector[] {
  const { windowsNames: names, ntpServers } = settings
  const ownServers = ntpServers !== false && ntpServers.length === 0
  const timeServers = () => (ownServers ? host.timeServers() : ntpServers || [])
  return [
    createAgentCollector(),
    createCpuCollector(host, names),
    createMemoryCollector(host, names),
    createNetCollector(host, adapterFilter(settings), names),
    createDiskIoCollector(host, names),
    createDfCollector(host, settings.mountPoint, names),
    ...(hasLinuxNames(names)
      ? [
          createConnectionsCollector(host),
          createUptimeCollector(host),
          createRebootCollector(host),
          createNtpCollector(timeServers),
        ]
      : []),
    ...(settings.iis || settings.sqlServer ? [createServicesCollector(host, settings)] : []),
    createCountersCollector(host, settings, log),
  ]
}
