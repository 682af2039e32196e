import { follow, numberAt, wideText } from './bytes.ts'
import type { Adapter, Traffic } from './host.ts'
import type { AddressFamily, Block } from './win32.ts'

const loopback = 24

/** Indexes of the interfaces in a chain of IP_ADAPTER_ADDRESSES, loopback left out. */
export function parseAdapterIndexes(block: Block): number[] {
  const indexes: number[] = []
  // Where Windows has not filled anything, there are no adapters.
  let at: number | undefined = block.bytes.readUInt32LE(0) === 0 ? undefined : 0
  while (at !== undefined) {
    const index = block.bytes.readUInt32LE(at + 4)
    // Without IPv4 an interface has its index only where that of IPv6 stands.
    if (block.bytes.readUInt32LE(at + 100) !== loopback) indexes.push(index || block.bytes.readUInt32LE(at + 108))
    at = follow(block, at + 8)
  }
  return indexes
}

/** MIB_IF_ROW2 */
export function parseInterfaceRow(bytes: Buffer): Adapter {
  const speed = bytes.readBigUInt64LE(1192)
  return {
    name: wideText(bytes, 28, 28 + 514),
    in: traffic(bytes, 1208),
    out: traffic(bytes, 1280),
    // All ones is what an adapter without a cable says.
    bitsPerSecond: speed === 0xffff_ffff_ffff_ffffn ? 0 : Number(speed),
  }
}

/** Octets, packets to one and to several, dropped, errors: 8 bytes each. */
function traffic(bytes: Buffer, at: number): Traffic {
  const packets = numberAt(bytes, at + 8) + numberAt(bytes, at + 16)
  return {
    bytes: numberAt(bytes, at),
    packets,
    dropped: numberAt(bytes, at + 24),
    errors: numberAt(bytes, at + 32),
  }
}

/** MIB_TCPSTATS */
export function parseTcpStatistics(bytes: Buffer): { established: number; retransmitted: number } {
  return { established: bytes.readUInt32LE(32), retransmitted: bytes.readUInt32LE(44) }
}

/** MIB_UDPSTATS */
export function parseUdpStatistics(bytes: Buffer): { in: number; noPorts: number; inErrors: number; out: number } {
  const [received, noPorts, inErrors, sent] = [0, 4, 8, 12].map((offset) => bytes.readUInt32LE(offset))
  return { in: received ?? 0, noPorts: noPorts ?? 0, inErrors: inErrors ?? 0, out: sent ?? 0 }
}

/** Size of a row of each table, and where in it the local port is. */
const rows = { tcp: { 2: [24, 8], 23: [56, 20] }, udp: { 2: [12, 4], 23: [28, 20] } } as const

/** Local ports of a table of sockets: a count, then rows; a port has the order of bytes of the network. */
export function parsePorts(bytes: Buffer, protocol: 'tcp' | 'udp', family: AddressFamily): number[] {
  const [size, offset] = rows[protocol][family]
  return Array.from({ length: bytes.readUInt32LE(0) }, (_, i) => bytes.readUInt16BE(4 + i * size + offset))
}
