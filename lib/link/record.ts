import type { Series } from '#protocol'
import { ByteReader, ByteWriter, FormatError } from './bytes.ts'
import type { SampleColumns } from './columns.ts'
import { readSeries, writeSeries } from './definitions.ts'
import { createDictionary } from './dictionary.ts'
import type { SlotBatch } from './link.ts'
import { readColumns, sampleBytes, samplesSize, writeSamples } from './samples.ts'

/** Changes when the layout does; a record of another version is refused, never misread. */
const recordVersion = 1

/**
 * Packs batches into records that need nothing else to be read: version, the samples, the series they name.
 * One encoder serves many records, one after the other.
 */
export function createRecordEncoder(): (columns: SampleColumns) => Buffer {
  const dictionary = createDictionary()
  return (columns) => {
    const writer = new ByteWriter(1 + samplesSize(columns.count) + 1024)
    writer.u8(recordVersion)
    const fresh = writeSamples(writer.view(samplesSize(columns.count)), 0, columns, dictionary)
    // Each record begins anew.
    dictionary.forget(fresh)
    writeSeries(writer, fresh)
    return writer.finish()
  }
}

/** Reads a record; `define` is called once a series. Throws a FormatError when it is not a whole record of this version. */
export function decodeRecord<Slot>(record: Uint8Array, define: (series: Series) => Slot): SlotBatch<Slot> {
  const reader = new ByteReader(Buffer.from(record.buffer, record.byteOffset, record.byteLength))
  const version = reader.u8()
  if (version !== recordVersion) throw new FormatError(`a record of version ${version}, this reads ${recordVersion}`)
  const count = reader.u32()
  const columns = reader.view(count * sampleBytes)
  const slots: Slot[] = []
  readSeries(reader, (series) => slots.push(define(series)))
  reader.end()
  return readColumns(columns, count, slots)
}
