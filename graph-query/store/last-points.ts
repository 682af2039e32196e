import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { checksumOf } from './checksum.ts'

/** The newest two points of every series. Times are unix seconds, 0 for none. */
export interface LastPoints {
  /** One past the highest series number that was noted. */
  readonly count: number
  note(id: number, timestamp: number, value: number): void
  time(id: number): number
  value(id: number): number
  previousTime(id: number): number
  previousValue(id: number): number
  /** Writes all of them to a file, which appears whole or not at all. */
  save(): Promise<void>
}

/**
 * The file is a row of blocks: this word, how many series, the CRC of what follows (seeded with the number of series), the
 * number of the first series; then columns of newest values (f64), the values before, newest times (u32), the times before.
 */
const magic = 0x46474c50
const headerBytes = 16
const bytesPerSeries = 24
/** A block is copied at once, so that nothing changes within a series; others run between blocks. */
const seriesPerBlock = 65_536

/** Unless the file was `loaded`, the points are to be found elsewhere. */
export function openLastPoints(dir: string): { points: LastPoints; file: 'loaded' | 'missing' | 'damaged' } {
  const path = join(dir, 'last-points')
  let columns = createColumns(1024)
  let count = 0
  const saved = loadColumns(path)
  if (saved) {
    columns = saved.columns
    count = saved.count
  }

  const points: LastPoints = {
    get count() {
      return count
    },
    note(id, timestamp, value) {
      if (id >= columns.times.length) columns = grow(columns, id + 1)
      if (id >= count) count = id + 1
      const { times, values, previousTimes, previousValues } = columns
      const newest = times[id] ?? 0
      if (timestamp > newest) {
        previousTimes[id] = newest
        previousValues[id] = values[id] ?? 0
        times[id] = timestamp
        values[id] = value
      } else if (timestamp === newest) values[id] = value
      else if (timestamp >= (previousTimes[id] ?? 0)) {
        previousTimes[id] = timestamp
        previousValues[id] = value
      }
    },
    time: (id) => columns.times[id] ?? 0,
    value: (id) => columns.values[id] ?? 0,
    previousTime: (id) => columns.previousTimes[id] ?? 0,
    previousValue: (id) => columns.previousValues[id] ?? 0,
    async save() {
      const end = count
      const room = new Uint8Array(headerBytes + Math.min(end, seriesPerBlock) * bytesPerSeries)
      const file = await open(`${path}.tmp`, 'w')
      try {
        for (let first = 0; first === 0 || first < end; first += seriesPerBlock)
          await file.writeFile(encodeBlock(columns, first, Math.min(end, first + seriesPerBlock), room))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(`${path}.tmp`, path)
    },
  }
  return { points, file: saved ? 'loaded' : existsSync(path) ? 'damaged' : 'missing' }
}

interface Columns {
  readonly times: Uint32Array
  readonly values: Float64Array
  readonly previousTimes: Uint32Array
  readonly previousValues: Float64Array
}

function createColumns(length: number): Columns {
  return {
    times: new Uint32Array(length),
    values: new Float64Array(length),
    previousTimes: new Uint32Array(length),
    previousValues: new Float64Array(length),
  }
}

function grow(columns: Columns, needed: number): Columns {
  const larger = createColumns(Math.max(needed, 2 * columns.times.length))
  larger.times.set(columns.times)
  larger.values.set(columns.values)
  larger.previousTimes.set(columns.previousTimes)
  larger.previousValues.set(columns.previousValues)
  return larger
}

/** The block of the series from `first` up to before `end`; a part of `room`. */
function encodeBlock(columns: Columns, first: number, end: number, room: Uint8Array): Uint8Array {
  const count = end - first
  const block = room.subarray(0, headerBytes + count * bytesPerSeries)
  const view = new DataView(block.buffer, block.byteOffset, block.length)
  const parts = partsOf(block.subarray(headerBytes), count)
  parts.values.set(columns.values.subarray(first, end))
  parts.previousValues.set(columns.previousValues.subarray(first, end))
  parts.times.set(columns.times.subarray(first, end))
  parts.previousTimes.set(columns.previousTimes.subarray(first, end))
  view.setUint32(0, magic, true)
  view.setUint32(4, count, true)
  view.setUint32(8, checksumOf(block, headerBytes, block.length, count), true)
  view.setUint32(12, first, true)
  return block
}

/** The columns in the content of a block, which begins at a multiple of eight bytes. */
function partsOf({ buffer, byteOffset }: Uint8Array, count: number): Columns {
  return {
    values: new Float64Array(buffer, byteOffset, count),
    previousValues: new Float64Array(buffer, byteOffset + 8 * count, count),
    times: new Uint32Array(buffer, byteOffset + 16 * count, count),
    previousTimes: new Uint32Array(buffer, byteOffset + 20 * count, count),
  }
}

/** Undefined when there is no file, or when anything in it is damaged. */
function loadColumns(path: string): { readonly columns: Columns; readonly count: number } | undefined {
  if (!existsSync(path)) return undefined
  const fd = openSync(path, 'r')
  try {
    const { size } = fstatSync(fd)
    const columns = createColumns(Math.floor(size / bytesPerSeries))
    const header = Buffer.alloc(headerBytes)
    let count = 0
    for (let at = 0; at === 0 || at < size;) {
      if (readSync(fd, header, 0, headerBytes, at) < headerBytes || header.readUInt32LE(0) !== magic) return undefined
      const length = header.readUInt32LE(4) * bytesPerSeries
      at += headerBytes
      if (header.readUInt32LE(12) !== count || at + length > size) return undefined
      const content = new Uint8Array(length)
      if (readSync(fd, content, 0, length, at) < length) return undefined
      const series = length / bytesPerSeries
      if (checksumOf(content, 0, length, series) !== header.readUInt32LE(8)) return undefined
      const parts = partsOf(content, series)
      columns.values.set(parts.values, count)
      columns.previousValues.set(parts.previousValues, count)
      columns.times.set(parts.times, count)
      columns.previousTimes.set(parts.previousTimes, count)
      count += series
      at += length
    }
    return { columns, count }
  } finally {
    closeSync(fd)
  }
}
