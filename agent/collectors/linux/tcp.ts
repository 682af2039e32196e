import type { LinuxHost } from '../../host/linux/host.ts'
import { counter } from '../collector.ts'
import type { Collector } from '../collector.ts'

/** TCP segments sent again, which Windows counts too. */
export function createTcpCollector(host: Pick<LinuxHost, 'protocolCounters'>): Collector {
  return {
    name: 'tcp',
    async collect() {
      const retransmitted = (await host.protocolCounters('snmp', 'Tcp')).get('RetransSegs')
      return retransmitted === undefined ? [] : [counter('net.tcp.retrans', retransmitted)]
    },
  }
}
