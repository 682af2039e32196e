import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { checksumOf } from './checksum.ts'

/** A block: this word, the payload's length, the payload's CRC, zero; then the payload, padded to 16 bytes. */
const magic = 0x46474c31
const headerBytes = 16
export const largestPayload = 4 * 2 ** 20

/** The size of a block with a payload of `length` bytes. */
export function blockBytes(length: number): number {
  return headerBytes + Math.ceil(length / 16) * 16
}

/** An append-only file of checked blocks. A block that could not be written whole is cut off again. */
export interface BlockLog {
  readonly path: string
  readonly bytes: number
  /** False once a refused block could not be cut off again: nothing can be appended any more. */
  readonly usable: boolean
  /**
   * Resolves when the operating system has the block: it then survives the death of this process, but not yet that of
   * the machine. Rejects when the disk refuses; the file is then as it was before. Calls must not overlap.
   */
  append(payload: Uint8Array): Promise<void>
  /** Resolves when the disk has what was appended before the call. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Opens or creates the file; blocks go to its end, which `readBlocks` has checked before. */
export async function openBlockLog(path: string): Promise<BlockLog> {
  const file: FileHandle = await open(path, 'a')
  let bytes = (await file.stat()).size
  let synced = bytes
  let broken: Error | undefined
  let buffer = Buffer.alloc(64 * 1024)

  return {
    path,
    get bytes() {
      return bytes
    },
    get usable() {
      return broken === undefined
    },
    async append(payload) {
      if (broken) throw broken
      const size = blockBytes(payload.length)
      if (buffer.length < size) buffer = Buffer.alloc(size)
      buffer.writeUInt32LE(magic, 0)
      buffer.writeUInt32LE(payload.length, 4)
      buffer.writeUInt32LE(checksumOf(payload, 0, payload.length, 0), 8)
      buffer.writeUInt32LE(0, 12)
      buffer.set(payload, headerBytes)
      buffer.fill(0, headerBytes + payload.length, size)
      try {
        for (let written = 0; written < size;)
          written += (await file.write(buffer, written, size - written)).bytesWritten
        bytes += size
      } catch (error) {
        await file.truncate(bytes).catch((reason: unknown) => {
          // Bytes of half a block stay: whatever came after them in this file would be doubtful.
          broken = new Error(`Cannot use ${path} any more: ${String(reason)}`, { cause: reason })
        })
        throw error
      }
    },
    async sync() {
      const upTo = bytes
      if (synced === upTo) return
      await file.datasync()
      synced = Math.max(synced, upTo)
    },
    close: () => file.close(),
  }
}

/** What reading a file of blocks met: `skipped` bytes in the middle and a `torn` tail were no sound blocks. */
export interface BlockReport {
  readonly blocks: number
  readonly bytes: number
  readonly skipped: number
  readonly torn: number
}

/** How a file of blocks is read. */
export interface BlockReading {
  readonly repair: boolean
  readonly onGap?: (position: number, bytes: number) => void
}

/**
 * Gives every sound block, in order; damaged ones are passed over. The payload is valid during the call only.
 * With `repair` a torn tail is cut off, so that blocks can be appended after the last sound one. `onGap` hears where
 * bytes between sound blocks were passed over.
 */
export function readBlocks(path: string, onBlock: (payload: Uint8Array) => void, options: BlockReading): BlockReport {
  const fd = openSync(path, options.repair ? 'r+' : 'r')
  try {
    const reader = createWindow(fd)
    let position = 0
    let goodEnd = 0
    let blocks = 0
    let skipped = 0
    for (;;) {
      const payload = readBlockAt(reader, position)
      if (payload === 'end') break
      if (payload === undefined) {
        position += 16
        continue
      }
      if (position > goodEnd) options.onGap?.(goodEnd, position - goodEnd)
      skipped += position - goodEnd
      onBlock(payload)
      blocks++
      position += blockBytes(payload.length)
      goodEnd = position
    }
    const size = reader.size()
    if (options.repair && size > goodEnd) ftruncateSync(fd, goodEnd)
    return { blocks, bytes: goodEnd, skipped, torn: size - goodEnd }
  } finally {
    closeSync(fd)
  }
}

/** Whether the file ends within a block that was being written, as a kill leaves it; else what follows is damaged. */
export function endsHalfWritten(path: string, position: number): boolean {
  const fd = openSync(path, 'r')
  try {
    const header = Buffer.alloc(headerBytes)
    const got = readSync(fd, header, 0, headerBytes, position)
    if (got < headerBytes) return true
    const end = position + blockBytes(header.readUInt32LE(4))
    return header.readUInt32LE(0) === magic && fstatSync(fd).size < end
  } finally {
    closeSync(fd)
  }
}

function readBlockAt(reader: FileWindow, position: number): Uint8Array | 'end' | undefined {
  const header = reader.at(position, headerBytes)
  if (header.length < headerBytes) return 'end'
  const view = new DataView(header.buffer, header.byteOffset, headerBytes)
  if (view.getUint32(0, true) !== magic) return undefined
  const length = view.getUint32(4, true)
  const expected = view.getUint32(8, true)
  if (length > largestPayload) return undefined
  const payload = reader.at(position + headerBytes, length)
  if (payload.length < length || checksumOf(payload, 0, length, 0) !== expected) return undefined
  return payload
}

interface FileWindow {
  /** Up to `length` bytes from `position`; fewer at the end of the file. Valid until the next call. */
  at(position: number, length: number): Uint8Array
  size(): number
}

/** Reads a file front to back through one large buffer. */
function createWindow(fd: number): FileWindow {
  let buffer = Buffer.alloc(4 * 2 ** 20)
  let start = 0
  let filled = 0
  let end = -1
  const fill = (position: number, length: number) => {
    if (buffer.length < length) buffer = Buffer.alloc(length * 2)
    start = position
    filled = 0
    while (filled < buffer.length) {
      const got = readSync(fd, buffer, filled, buffer.length - filled, start + filled)
      if (got === 0) {
        end = start + filled
        return
      }
      filled += got
    }
  }
  return {
    at(position, length) {
      const covered = position >= start && position + length <= start + filled
      if (!covered && !(end >= 0 && position >= start)) fill(position, length)
      return buffer.subarray(position - start, Math.min(position - start + length, filled))
    },
    size: () => end,
  }
}
