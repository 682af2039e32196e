import { crc32 } from 'node:zlib'
import type { CounterType } from '#protocol'
import type { JournalRecord } from './records.ts'

/**
 * One frame is one step that happens wholly or not at all: length, CRC-32, then entries. All numbers little-endian.
 * series: 1, number u32, step u32, type u8, then endpoint, metric and tags as u16 length and UTF-8;
 * points: 2, count u32, then columns of series numbers (u32), timestamps (f64) and values (f64);
 * record: 3, length u32, JSON.
 */
const headerBytes = 8
const entry = { series: 1, points: 2, record: 3 }
const counterTypes: readonly CounterType[] = ['GAUGE', 'COUNTER', 'DERIVE']
/** A longer frame is damage, not data. */
const maxFrameBytes = 256 * 2 ** 20

export interface SeriesEntry {
  readonly number: number
  readonly endpoint: string
  readonly metric: string
  readonly tags: string
  readonly counterType: CounterType
  readonly step: number
}

/** Builds one frame after another in a buffer that grows and is used again. */
export interface FrameWriter {
  readonly empty: boolean
  /** Bytes of the frame so far. */
  readonly size: number
  series(series: SeriesEntry): void
  points(count: number, numbers: Uint32Array, timestamps: Float64Array, values: Float64Array): void
  record(record: JournalRecord): void
  /** The finished frame, valid until the next entry is written; the writer is empty again. */
  finish(): Uint8Array
  /** Forgets the entries since the last `finish`. */
  discard(): void
}

export function createFrameWriter(): FrameWriter {
  let buffer = Buffer.allocUnsafeSlow(64 * 1024)
  let at = headerBytes

  function room(bytes: number): void {
    if (at + bytes <= buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * buffer.length, at + bytes))
    buffer.copy(larger, 0, 0, at)
    buffer = larger
  }
  function text(value: string): void {
    const bytes = Buffer.byteLength(value)
    at = buffer.writeUInt16LE(bytes, at)
    at += buffer.write(value, at, 'utf8')
  }
  function column(source: Uint32Array | Float64Array, count: number): void {
    const bytes = count * source.BYTES_PER_ELEMENT
    buffer.set(new Uint8Array(source.buffer, source.byteOffset, bytes), at)
    at += bytes
  }
  return {
    get empty() {
      return at === headerBytes
    },
    get size() {
      return at
    },
    series(series) {
      room(16 + 6 + 3 * (series.endpoint.length + series.metric.length + series.tags.length))
      at = buffer.writeUInt8(entry.series, at)
      at = buffer.writeUInt32LE(series.number, at)
      at = buffer.writeUInt32LE(series.step, at)
      at = buffer.writeUInt8(counterTypes.indexOf(series.counterType), at)
      text(series.endpoint)
      text(series.metric)
      text(series.tags)
    },
    points(count, numbers, timestamps, values) {
      room(5 + 20 * count)
      at = buffer.writeUInt8(entry.points, at)
      at = buffer.writeUInt32LE(count, at)
      column(numbers, count)
      column(timestamps, count)
      column(values, count)
    },
    record(record) {
      const json = Buffer.from(JSON.stringify(record))
      room(5 + json.length)
      at = buffer.writeUInt8(entry.record, at)
      at = buffer.writeUInt32LE(json.length, at)
      at += json.copy(buffer, at)
    },
    finish() {
      const frame = buffer.subarray(0, at)
      buffer.writeUInt32LE(at - headerBytes, 0)
      buffer.writeUInt32LE(crc32(frame.subarray(headerBytes)), 4)
      at = headerBytes
      return frame
    },
    discard() {
      at = headerBytes
    },
  }
}

/** What a reader of frames is told, in the order of writing. */
export interface FrameVisitor {
  series(series: SeriesEntry): void
  point(number: number, timestamp: number, value: number): void
  record(record: JournalRecord): void
}

/**
 * Reads the frames of one file and returns how many bytes of it were whole frames. What follows them, a frame cut off by
 * a crash or damage, is not looked at.
 */
export function readFrames(bytes: Buffer, visitor: FrameVisitor): number {
  let at = 0
  while (at + headerBytes <= bytes.length) {
    const length = bytes.readUInt32LE(at)
    const end = at + headerBytes + length
    if (length === 0 || length > maxFrameBytes || end > bytes.length) break
    const payload = bytes.subarray(at + headerBytes, end)
    if (crc32(payload) !== bytes.readUInt32LE(at + 4)) break
    readEntries(payload, visitor)
    at = end
  }
  return at
}

function readEntries(payload: Buffer, visitor: FrameVisitor): void {
  let at = 0
  const text = () => {
    const end = at + 2 + payload.readUInt16LE(at)
    const value = payload.toString('utf8', at + 2, end)
    at = end
    return value
  }
  while (at < payload.length) {
    const kind = payload.readUInt8(at++)
    if (kind === entry.series) {
      const number = payload.readUInt32LE(at)
      const step = payload.readUInt32LE(at + 4)
      const counterType = counterTypes[payload.readUInt8(at + 8)] ?? 'GAUGE'
      at += 9
      visitor.series({ number, step, counterType, endpoint: text(), metric: text(), tags: text() })
    } else if (kind === entry.points) {
      const count = payload.readUInt32LE(at)
      at += 4
      const timestamps = at + 4 * count
      const values = timestamps + 8 * count
      for (let i = 0; i < count; i++)
        visitor.point(
          payload.readUInt32LE(at + 4 * i),
          payload.readDoubleLE(timestamps + 8 * i),
          payload.readDoubleLE(values + 8 * i),
        )
      at = values + 8 * count
    } else if (kind === entry.record) {
      const end = at + 4 + payload.readUInt32LE(at)
      visitor.record(JSON.parse(payload.toString('utf8', at + 4, end)) as JournalRecord)
      at = end
    } else {
      throw new Error(`Cannot read the journal: entry of unknown kind ${kind}; it was written by a newer version`)
    }
  }
}
