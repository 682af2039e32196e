import type { Koffi } from '../load-koffi.ts'
import { onThread, windowsError } from './calls.ts'
import type { Block, NetworkCalls } from './win32.ts'

const success = 0
const bufferOverflow = 111
const insufficientBuffer = 122
const notFound = 2
const anyFamily = 0
/** Neither addresses nor prefixes nor name servers of them. */
const onlyAdapters = 0x1 | 0x2 | 0x4 | 0x8
const rowSize = 1352
const rowIndex = 8
/** TCP_TABLE_OWNER_PID_LISTENER, UDP_TABLE_OWNER_PID. */
const tableClass = { tcp: 3, udp: 1 }

export function bindNetwork(koffi: Koffi): NetworkCalls {
  const iphlpapi = koffi.load('iphlpapi.dll')
  const adapters = iphlpapi.func(
    'uint32 __stdcall GetAdaptersAddresses(uint32 family, uint32 flags, void *reserved, _Out_ void *list, _Inout_ void *size)',
  )
  const row = iphlpapi.func('uint32 __stdcall GetIfEntry2(_Inout_ void *row)')
  const tcp = iphlpapi.func('uint32 __stdcall GetTcpStatisticsEx(_Out_ void *statistics, uint32 family)')
  const udp = iphlpapi.func('uint32 __stdcall GetUdpStatisticsEx(_Out_ void *statistics, uint32 family)')
  const table = (name: string) =>
    iphlpapi.func(
      `uint32 __stdcall ${name}(_Out_ void *table, _Inout_ void *size, int32 sorted, uint32 family, int32 kind, uint32 reserved)`,
    )
  const tables = { tcp: table('GetExtendedTcpTable'), udp: table('GetExtendedUdpTable') }

  return {
    adapters(): Block {
      // The list may grow between two calls, so what the first says it needs may be too little for the second.
      for (let length = 16_384; ;) {
        const bytes = Buffer.alloc(length)
        const size = sizeBuffer(length)
        const status = Number(adapters(anyFamily, onlyAdapters, null, bytes, size))
        if (status === success) return { bytes, address: koffi.address(bytes) }
        if (status !== bufferOverflow) throw windowsError('list the network adapters', status)
        length = Math.max(2 * length, size.readUInt32LE())
      }
    },
    interfaceRow(index) {
      const bytes = Buffer.alloc(rowSize)
      bytes.writeUInt32LE(index, rowIndex)
      const status = Number(row(bytes))
      if (status === notFound) return undefined
      if (status !== success) throw windowsError(`read the counts of interface ${index}`, status)
      return bytes
    },
    tcpStatistics: (family) => statistics(tcp, family, 60, 'TCP'),
    udpStatistics: (family) => statistics(udp, family, 20, 'UDP'),
    async socketTable(protocol, family) {
      for (let length = 65_536; ;) {
        const bytes = Buffer.alloc(length)
        const size = sizeBuffer(length)
        const status = Number(await onThread(tables[protocol], bytes, size, 0, family, tableClass[protocol], 0))
        if (status === success) return bytes
        if (status !== insufficientBuffer) throw windowsError(`list the sockets of ${protocol}`, status)
        length = Math.max(2 * length, size.readUInt32LE())
      }
    },
  }
}

function statistics(
  call: (bytes: Buffer, family: number) => unknown,
  family: number,
  size: number,
  of: string,
): Buffer {
  const bytes = Buffer.alloc(size)
  const status = Number(call(bytes, family))
  if (status !== success) throw windowsError(`read the counts of ${of}`, status)
  return bytes
}

function sizeBuffer(length: number): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(length)
  return size
}
