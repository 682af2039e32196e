import { existsSync, readFileSync } from 'node:fs'
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

const magic = 0x46474c50
const headerBytes = 16
const bytesPerSeries = 24

/** Unless the file was `loaded`, the points are to be found elsewhere. */
export function openLastPoints(dir: string): { points: LastPoints; file: 'loaded' | 'missing' | 'damaged' } {
  const path = join(dir, 'last-points')
  let columns = createColumns(1024)
  let count = 0
  const saved = loadColumns(path)
  if (saved) {
    columns = saved
    count = saved.times.length
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
      const bytes = toBytes(columns, count)
      const file = await open(`${path}.tmp`, 'w')
      try {
        await file.writeFile(bytes)
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

function toBytes(columns: Columns, count: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes + count * bytesPerSeries)
  let at = headerBytes
  for (const column of [columns.values, columns.previousValues, columns.times, columns.previousTimes]) {
    const length = count * column.BYTES_PER_ELEMENT
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, length), at)
    at += length
  }
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setUint32(4, count, true)
  view.setUint32(8, checksumOf(bytes, headerBytes, bytes.length, count), true)
  return bytes
}

function loadColumns(path: string): Columns | undefined {
  if (!existsSync(path)) return undefined
  const file = readFileSync(path)
  if (file.length < headerBytes || file.readUInt32LE(0) !== magic) return undefined
  const count = file.readUInt32LE(4)
  if (file.length !== headerBytes + count * bytesPerSeries) return undefined
  if (checksumOf(file, headerBytes, file.length, count) !== file.readUInt32LE(8)) return undefined
  // A copy of its own, because the views below need an aligned start.
  const bytes = Uint8Array.from(file)
  return {
    values: new Float64Array(bytes.buffer, headerBytes, count),
    previousValues: new Float64Array(bytes.buffer, headerBytes + 8 * count, count),
    times: new Uint32Array(bytes.buffer, headerBytes + 16 * count, count),
    previousTimes: new Uint32Array(bytes.buffer, headerBytes + 20 * count, count),
  }
}
