import { encodeLabels } from './labels.ts'
import type { Label } from './labels.ts'
import { compressSnappy } from './snappy.ts'

/** Headers of a remote write call. */
export const writeHeaders = {
  'Content-Type': 'application/x-protobuf',
  'Content-Encoding': 'snappy',
  'X-Prometheus-Remote-Write-Version': '0.1.0',
} as const

/** A series as encoders know it. Made once and kept: its labels are encoded already. */
export interface WriteSeries {
  readonly labels: Buffer
  /** Of the encoder: the batch that last had it, and its newest sample there. */
  batch: number
  last: number
}

export function createWriteSeries(labels: readonly Label[]): WriteSeries {
  return { labels: encodeLabels(labels), batch: 0, last: 0 }
}

/** A batch: entry `i` of each column is one sample. `times` are whole milliseconds since 1970. */
export interface WriteColumns {
  readonly count: number
  readonly series: readonly WriteSeries[]
  readonly times: ArrayLike<number>
  readonly values: ArrayLike<number>
}

/** Tag and length of a sample message, its value with tag, the tag of its time. */
const sampleHead = 2 + 9 + 1
const longestVarint = 10
/** No two encoders may take each other's marks in a series for their own. */
let batches = 0

/**
 * Encodes batches as bodies of Prometheus remote write calls: a snappy block of a WriteRequest. Samples of one series
 * go into one TimeSeries message, by rising time, since receivers refuse them otherwise; of two with the same time the
 * later one counts. One encoder serves many batches, one after the other.
 */
export function createWriteEncoder(): (columns: WriteColumns) => Buffer {
  let bytes = Buffer.allocUnsafe(64 * 1024)
  let view = viewOf(bytes)

  return (columns) => {
    const { count, series, times, values } = columns
    const batch = ++batches
    /** The sample of the same series before each, -1 for none. */
    const before = new Int32Array(count)
    const met: WriteSeries[] = []
    let size = 0
    for (let i = 0; i < count; i++) {
      const one = series[i] as WriteSeries
      size += sampleHead + longestVarint
      if (one.batch === batch) before[i] = one.last
      else {
        before[i] = -1
        one.batch = batch
        met.push(one)
        size += one.labels.length + 1 + longestVarint
      }
      one.last = i
    }
    if (size > bytes.length) {
      bytes = Buffer.allocUnsafe(2 * size)
      view = viewOf(bytes)
    }
    let at = 0
    for (const one of met) {
      const samples = before[one.last] === -1 ? undefined : inOrder(one.last, before, times)
      let length = one.labels.length
      for (const i of samples ?? [one.last]) length += sampleHead + varintLength(times[i] ?? 0)
      bytes[at++] = (1 << 3) | 2
      at = writeVarint(bytes, at, length)
      bytes.set(one.labels, at)
      at += one.labels.length
      if (samples) for (const i of samples) at = writeSample(bytes, view, at, times[i] ?? 0, values[i] ?? NaN)
      else at = writeSample(bytes, view, at, times[one.last] ?? 0, values[one.last] ?? NaN)
    }
    return compressSnappy(bytes.subarray(0, at))
  }
}

/** The samples of a series, oldest first, each time once. */
function inOrder(last: number, before: Int32Array, times: ArrayLike<number>): number[] {
  // Newest arrival first, which a stable sort keeps among equal times.
  const found: number[] = []
  for (let i = last; i !== -1; i = before[i] ?? -1) found.push(i)
  const sorted = found.toSorted((a, b) => (times[b] ?? 0) - (times[a] ?? 0))
  return sorted.filter((i, k) => k === 0 || times[i] !== times[sorted[k - 1] ?? -1]).toReversed()
}

function writeSample(bytes: Buffer, view: DataView, at: number, time: number, value: number): number {
  bytes[at] = (2 << 3) | 2
  bytes[at + 1] = 10 + varintLength(time)
  bytes[at + 2] = (1 << 3) | 1
  view.setFloat64(at + 3, value, true)
  bytes[at + 11] = 2 << 3
  return writeVarint(bytes, at + 12, time)
}

function writeVarint(bytes: Buffer, from: number, value: number): number {
  let at = from
  let rest = value
  // Above 2^31 bit operations would cut the number.
  for (; rest >= 0x8000_0000; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80
  bytes[at++] = rest
  return at
}

function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++
  return length
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
