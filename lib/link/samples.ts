import { FormatError } from './bytes.ts'
import type { ByteReader } from './bytes.ts'
import type { Dictionary } from './dictionary.ts'
import type { NumberedSeries, SampleColumns } from './columns.ts'
import type { SlotBatch } from './link.ts'

/** A sample's share of an encoded batch: series number, timestamp, value. */
export const sampleBytes = 16
const latestTimestamp = 0xffffffff

/** Bytes of a batch of `count` samples. */
export function samplesSize(count: number): number {
  return 4 + count * sampleBytes
}

/**
 * Writes a batch at `offset`: its count, then the columns of series numbers, timestamps and values, little-endian.
 * Returns the series that the receiver must be told of before it reads the batch.
 * Throws a RangeError, having changed nothing in the dictionary, when a timestamp is not a whole number of 32 bits.
 */
export function writeSamples(view: DataView, offset: number, columns: SampleColumns, to: Dictionary): NumberedSeries[] {
  const { count, timestamps, values } = columns
  view.setUint32(offset, count, true)
  const numbersAt = offset + 4
  const timestampsAt = numbersAt + count * 4
  const valuesAt = timestampsAt + count * 4
  for (let i = 0; i < count; i++) {
    const timestamp = timestamps[i] as number
    if (timestamp >>> 0 !== timestamp) throw badTimestamp(columns, i)
    view.setUint32(timestampsAt + i * 4, timestamp, true)
  }
  for (let i = 0; i < count; i++) view.setFloat64(valuesAt + i * 8, values[i] as number, true)
  return to.writeNumbers(columns, view, numbersAt)
}

function badTimestamp({ series, timestamps }: SampleColumns, i: number): RangeError {
  const { endpoint = '', metric = '' } = series[i] ?? {}
  return new RangeError(
    `Cannot encode a sample of ${endpoint}/${metric}: its timestamp must be whole seconds from 0 to ${latestTimestamp}, got ${timestamps[i]}`,
  )
}

/** Reads a batch, naming its series by what `known` holds for their numbers. */
export function readSamples<Slot>(reader: ByteReader, known: readonly Slot[]): SlotBatch<Slot> {
  const count = reader.u32()
  return readColumns(reader.view(count * sampleBytes), count, known)
}

/** Reads the three columns of a batch. */
export function readColumns<Slot>(view: DataView, count: number, known: readonly Slot[]): SlotBatch<Slot> {
  const timestampsAt = count * 4
  const valuesAt = count * 8
  const slots: Slot[] = []
  const timestamps = new Float64Array(count)
  const values = new Float64Array(count)
  const { length } = known
  for (let i = 0; i < count; i++) {
    const number = view.getUint32(i * 4, true)
    if (number >= length) throw new FormatError(`series ${number} was not defined, ${length} were`)
    slots.push(known[number] as Slot)
    timestamps[i] = view.getUint32(timestampsAt + i * 4, true)
    values[i] = view.getFloat64(valuesAt + i * 8, true)
  }
  return { count, slots, timestamps, values }
}
