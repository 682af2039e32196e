import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

/** How far the spool is released: all before this segment, and this segment up to the offset. */
export interface Position {
  readonly segment: number
  readonly offset: number
}

export interface PositionFile {
  /** Undefined when nothing was ever released, or the file is damaged: then records reappear rather than vanish. */
  readonly stored: Position | undefined
  store(position: Position): void
  close(): void
}

/** Twelve bytes, overwritten in place by one write: after a SIGKILL either the old or the new position is there. */
export function openPosition(dir: string): PositionFile {
  const file = openSync(join(dir, 'position'), constants.O_RDWR | constants.O_CREAT, 0o644)
  const bytes = Buffer.alloc(12)
  const whole = readSync(file, bytes, 0, 12, 0) === 12 && bytes.readUInt32LE(8) === crc32(bytes.subarray(0, 8))
  return {
    stored: whole ? { segment: bytes.readUInt32LE(0), offset: bytes.readUInt32LE(4) } : undefined,
    store({ segment, offset }) {
      bytes.writeUInt32LE(segment, 0)
      bytes.writeUInt32LE(offset, 4)
      bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8)
      writeSync(file, bytes, 0, 12, 0)
    },
    close: () => closeSync(file),
  }
}
