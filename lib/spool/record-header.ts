import { crc32 } from 'node:zlib'

/**
 * Before each record's bytes in a segment file. `ordinal` and `itemsBefore` place the record within its segment, so
 * that an unreadable stretch between two good headers tells how much was lost in it.
 */
export interface RecordHeader {
  /** Bytes of data after the header. */
  readonly length: number
  readonly items: number
  /** Unix seconds. */
  readonly at: number
  readonly ordinal: number
  readonly itemsBefore: number
  readonly dataCrc: number
}

export const headerBytes = 32
/** "FSP1": marks a header, and the version of this layout. */
const magic = Buffer.from('FSP1', 'latin1')

export function encodeHeader(header: RecordHeader): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes)
  magic.copy(bytes)
  bytes.writeUInt32LE(header.length, 4)
  bytes.writeUInt32LE(header.items, 8)
  bytes.writeUInt32LE(header.at, 12)
  bytes.writeUInt32LE(header.ordinal, 16)
  bytes.writeUInt32LE(header.itemsBefore, 20)
  bytes.writeUInt32LE(header.dataCrc, 24)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28)
  return bytes
}

/** The header at `offset`, undefined when there is none or it is damaged. */
export function parseHeader(bytes: Buffer, offset = 0): RecordHeader | undefined {
  if (offset + headerBytes > bytes.length || bytes.compare(magic, 0, 4, offset, offset + 4) !== 0) return undefined
  if (bytes.readUInt32LE(offset + 28) !== crc32(bytes.subarray(offset, offset + 28))) return undefined
  return {
    length: bytes.readUInt32LE(offset + 4),
    items: bytes.readUInt32LE(offset + 8),
    at: bytes.readUInt32LE(offset + 12),
    ordinal: bytes.readUInt32LE(offset + 16),
    itemsBefore: bytes.readUInt32LE(offset + 20),
    dataCrc: bytes.readUInt32LE(offset + 24),
  }
}

/** Offset of the first whole header at or after `from`, -1 when there is none. */
export function findHeader(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(magic, from)
  while (at >= 0 && !parseHeader(bytes, at)) at = bytes.indexOf(magic, at + 1)
  return at
}
