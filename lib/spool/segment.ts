import { fstatSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { findHeader, headerBytes, parseHeader } from './record-header.ts'
import type { RecordHeader } from './record-header.ts'

/** One file of the spool. Totals count what was ever written to it, released or not. */
export interface Segment {
  readonly number: number
  readonly path: string
  /** Sequence of its first record. */
  readonly firstSequence: number
  size: number
  records: number
  items: number
  /** Unix seconds of its newest record. */
  newestAt: number
}

/** A point between two records: what lies before it in the segment. */
export interface Offset {
  readonly offset: number
  readonly records: number
  readonly items: number
}

export const segmentStart: Offset = { offset: 0, records: 0, items: 0 }

/** A record's header and where it stands; `offset` is later than asked for when unreadable bytes were skipped. */
export interface Found {
  readonly offset: number
  readonly header: RecordHeader
}

/** The first whole record at or after `offset`, undefined when there is none before `size`. */
export function findRecord(fd: number, offset: number, size: number): Found | undefined {
  const header = parseHeader(readBytes(fd, offset, headerBytes))
  if (header && offset + headerBytes + header.length <= size) return { offset, header }
  if (offset >= size) return undefined
  const rest = readBytes(fd, offset, size - offset)
  for (let at = findHeader(rest, 1); at >= 0; at = findHeader(rest, at + 1)) {
    const later = parseHeader(rest, at)
    if (later && at + headerBytes + later.length <= rest.length) return { offset: offset + at, header: later }
  }
  return undefined
}

/** The record's bytes, undefined when they are not what was written. */
export function readData(fd: number, found: Found): Buffer | undefined {
  const data = readBytes(fd, found.offset + headerBytes, found.header.length)
  return data.length === found.header.length && crc32(data) === found.header.dataCrc ? data : undefined
}

/** The point after a record. */
export function offsetAfter({ offset, header }: Found): Offset {
  return {
    offset: offset + headerBytes + header.length,
    records: header.ordinal + 1,
    items: header.itemsBefore + header.items,
  }
}

export interface Survey {
  /** After the last good record. */
  readonly end: Offset
  readonly newestAt: number
  /** The point at the offset that was asked for, undefined when no record begins or ends there. */
  readonly wanted: Offset | undefined
  /** What stands after `end`: a record that was cut off. */
  readonly tornBytes: number
  /** Items of torn records, as far as their headers can be read. */
  readonly tornItems: number
}

/**
 * Walks a segment's headers. With `verifyData` also checks every record's bytes, to find where a crash cut the file:
 * needed only where the last process was writing.
 */
export function surveySegment(fd: number, wantedOffset: number, verifyData: boolean): Survey {
  const size = fstatSync(fd).size
  let end = segmentStart
  let newestAt = 0
  let tornItems = 0
  let wanted = wantedOffset === 0 ? segmentStart : undefined
  let found = findRecord(fd, 0, size)
  let next = 0
  while (found) {
    const after = offsetAfter(found)
    if (!verifyData || readData(fd, found)) {
      end = after
      newestAt = Math.max(newestAt, found.header.at)
      tornItems = 0
      if (after.offset === wantedOffset) wanted = after
    } else {
      tornItems += found.header.items
    }
    next = after.offset
    found = findRecord(fd, next, size)
  }
  tornItems += parseHeader(readBytes(fd, next, headerBytes))?.items ?? 0
  return { end, newestAt, wanted, tornBytes: size - end.offset, tornItems }
}

function readBytes(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const read = readSync(fd, bytes, filled, length - filled, offset + filled)
    if (read === 0) break
    filled += read
  }
  return bytes.subarray(0, filled)
}
