import type { LinuxHost } from '../../host/linux/host.ts'
import { createAgentCollector } from '../agent.ts'
import type { Collector } from '../collector.ts'
import { createNtpCollector } from '../ntp.ts'
import { createUptimeCollector } from '../uptime.ts'
import { createConntrackCollector } from './conntrack.ts'
import { createCpuCollector } from './cpu.ts'
import { createDfCollector } from './df.ts'
import { createDiskIoCollector } from './disk-io.ts'
import { createGpuCollector } from './gpu.ts'
import { interfaceFilter } from './interfaces.ts'
import type { InterfaceChoice } from './interfaces.ts'
import { createKernelCollector } from './kernel.ts'
import { createLoadCollector } from './load.ts'
import { createMemoryCollector } from './memory.ts'
import { createNetCollector } from './net.ts'
import { createPressureCollector } from './pressure.ts'
import { createSnmpUdpCollector } from './snmp-udp.ts'
import { createSocketsCollector } from './sockets.ts'
import { createSystemdCollector } from './systemd.ts'
import { createTcpExtCollector } from './tcp-ext.ts'
import { createTcpCollector } from './tcp.ts'

export interface CollectorSettings extends InterfaceChoice {
  /** File systems are kept that are mounted exactly there; all ordinary ones when empty. */
  readonly mountPoint: readonly string[]
  /** Names of units, or patterns of `*` and `?`, that are watched one by one. */
  readonly systemdUnits: readonly string[]
  /** Asked for the time; when empty, those of this machine's own time service; none when false. */
  readonly ntpServers: readonly string[] | false
}

/** Everything that is collected each step, in the order it is sent. */
export function createLinuxCollectors(host: LinuxHost, settings: CollectorSettings): Collector[] {
  const { ntpServers } = settings
  const ownServers = ntpServers !== false && ntpServers.length === 0
  const timeServers = () => (ownServers ? host.timeServers() : ntpServers || [])
  return [
    createAgentCollector(),
    createCpuCollector(host),
    createLoadCollector(host),
    createUptimeCollector(host),
    createKernelCollector(host),
    createMemoryCollector(host),
    createNetCollector(host, interfaceFilter(settings)),
    createDiskIoCollector(host),
    createDfCollector(host, settings.mountPoint),
    createTcpExtCollector(host),
    createTcpCollector(host),
    createSnmpUdpCollector(host),
    createSocketsCollector(host),
    createConntrackCollector(host),
    createPressureCollector(host),
    createSystemdCollector(host, settings.systemdUnits),
    createNtpCollector(timeServers),
    createGpuCollector(host),
  ]
}
