import type { LinuxHost } from '../../host/linux/host.ts'
import { counter } from '../collector.ts'
import type { Collector } from '../collector.ts'

/** All counters the kernel keeps for UDP over IPv4; how many there are depends on it. */
export function createSnmpUdpCollector(host: Pick<LinuxHost, 'protocolCounters'>): Collector {
  return {
    name: 'snmp.Udp',
    async collect() {
      const counters = await host.protocolCounters('snmp', 'Udp')
      return [...counters].map(([name, value]) => counter(`snmp.Udp.${name}`, value))
    },
  }
}
