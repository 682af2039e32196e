import { setImmediate } from 'node:timers/promises'
import { isGone } from './kernel-files.ts'
import type { KernelFiles } from './kernel-files.ts'
import { numberFrom, words } from './text.ts'

/** TCP of /proc/net/sockstat and sockstat6. */
export interface SocketCounts {
  /** Bound, IPv4 and IPv6: what the kernel's tables hold, those in TIME_WAIT left out on current kernels. */
  readonly inUse: number
  readonly orphaned: number
  readonly timeWait: number
  readonly allocated: number
}

/** The line `TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 210` of the first and `TCP6: inuse 0` of the second; that is `''` without IPv6. */
export function parseSockStat(sockstat: string, sockstat6: string): SocketCounts {
  const tcp = pairs(sockstat, 'TCP:')
  const tcp6 = pairs(sockstat6, 'TCP6:')
  const number = (name: string) => numberFrom(tcp.get(name), `TCP ${name} of /proc/net/sockstat`)
  return {
    inUse: number('inuse') + numberFrom(tcp6.get('inuse') ?? '0', 'TCP6 inuse of /proc/net/sockstat6'),
    orphaned: number('orphan'),
    timeWait: number('tw'),
    allocated: number('alloc'),
  }
}

function pairs(text: string, protocol: string): Map<string, string> {
  const line = text.split('\n').find((line) => line.startsWith(protocol)) ?? ''
  const found = words(line).slice(1)
  return new Map(Array.from({ length: found.length / 2 }, (_, i) => [found[2 * i] ?? '', found[2 * i + 1] ?? '']))
}

/** States of /proc/net/{tcp,udp}{,6}, as the kernel prints them. */
export const socketState = { synReceived: '03', listening: '0A' } as const

/**
 * One row of /proc/net/{tcp,udp}{,6}: `  0: 00000000:07E8 00000000:0000 0A …`; undefined for the heading and an empty line.
 * There may be a hundred thousand, so the row is not cut into its words.
 */
export function parseSocketRow(line: string): { localPort: number; state: string } | undefined {
  const slot = line.indexOf(': ')
  if (slot < 0) return undefined
  const local = slot + 2
  const remote = line.indexOf(' ', local) + 1
  // Both addresses are of the same length.
  const state = remote + (remote - local)
  if (remote === 0 || state + 2 > line.length) return undefined
  return {
    localPort: Number.parseInt(line.slice(line.lastIndexOf(':', remote) + 1, remote - 1), 16),
    state: line.slice(state, state + 2),
  }
}

/** How many rows are read before others get their turn: some milliseconds' worth. */
const atOnce = 2000

/** Ports of TCP listeners and of all UDP sockets, as `ss -tln` and `ss -uan` show them. */
export async function readOpenPorts(files: KernelFiles): Promise<Set<number>> {
  const ports = new Set<number>()
  let rows = 0
  for (const table of ['tcp', 'tcp6']) {
    for (const row of rowsOf(files, table)) {
      if (++rows % atOnce === 0) await setImmediate()
      // The kernel lists listeners first (old ones with their half-open connections), then all other sockets.
      if (row.state === socketState.listening) ports.add(row.localPort)
      else if (row.state !== socketState.synReceived) break
    }
  }
  for (const table of ['udp', 'udp6']) {
    for (const row of rowsOf(files, table)) {
      if (++rows % atOnce === 0) await setImmediate()
      ports.add(row.localPort)
    }
  }
  return ports
}

/** More sockets than this are not counted: it would take longer than ten milliseconds. */
const manySockets = 5000

/** TCP sockets in SYN_RECV; undefined when there are too many sockets to look through. */
export function readSynReceived(files: KernelFiles): number | undefined {
  let sockets = 0
  let synReceived = 0
  for (const table of ['tcp', 'tcp6']) {
    for (const row of rowsOf(files, table)) {
      if (++sockets > manySockets) return undefined
      if (row.state === socketState.synReceived) synReceived++
    }
  }
  return synReceived
}

/** The rows of one table; none when the kernel has no such protocol. */
function* rowsOf(files: KernelFiles, table: string): Generator<{ localPort: number; state: string }> {
  try {
    for (const line of files.lines(files.ofHost(`net/${table}`))) {
      const row = parseSocketRow(line)
      if (row) yield row
    }
  } catch (error) {
    if (!(table.endsWith('6') && isGone(error))) throw error
  }
}
