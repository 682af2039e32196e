import type { Connections, WindowsHost } from '../../host/windows/host.ts'
import { counter, gauge } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'

/** TCP and UDP as a whole. Windows-Agent has no such metrics, so these have the names of Linux only. */
export function createConnectionsCollector(host: Pick<WindowsHost, 'connections'>): Collector {
  return { name: 'connections', collect: async () => connectionSamples(await host.connections()) }
}

export function connectionSamples(connections: Connections): CollectedSample[] {
  return [
    gauge('ss.estab', connections.established),
    counter('net.tcp.retrans', connections.tcpSegmentsRetransmitted),
    counter('snmp.Udp.InDatagrams', connections.udpIn),
    counter('snmp.Udp.NoPorts', connections.udpNoPorts),
    counter('snmp.Udp.InErrors', connections.udpInErrors),
    counter('snmp.Udp.OutDatagrams', connections.udpOut),
  ]
}
