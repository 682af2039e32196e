import type { LinuxHost } from '../../host/linux/host.ts'
import { counter } from '../collector.ts'
import type { Collector } from '../collector.ts'

/** What is sent of the hundred counters of TcpExt. Kernels have dropped or renamed some: those are absent. */
export const tcpExtNames = [
  'PruneCalled',
  'LockDroppedIcmps',
  'ArpFilter',
  'TW',
  'DelayedACKLocked',
  'ListenOverflows',
  'ListenDrops',
  'TCPPrequeueDropped',
  'TCPTSReorder',
  'TCPDSACKUndo',
  'TCPLoss',
  'TCPLostRetransmit',
  'TCPLossFailures',
  'TCPFastRetrans',
  'TCPTimeouts',
  'TCPSchedulerFailed',
  'TCPAbortOnMemory',
  'TCPAbortOnTimeout',
  'TCPAbortFailed',
  'TCPMemoryPressures',
  'TCPSpuriousRTOs',
  'TCPBacklogDrop',
  'TCPMinTTLDrop',
] as const

export function createTcpExtCollector(host: Pick<LinuxHost, 'protocolCounters'>): Collector {
  return {
    name: 'TcpExt',
    async collect() {
      const counters = await host.protocolCounters('netstat', 'TcpExt')
      return tcpExtNames.flatMap((name) => {
        const value = counters.get(name)
        return value === undefined ? [] : [counter(`TcpExt.${name}`, value)]
      })
    },
  }
}
