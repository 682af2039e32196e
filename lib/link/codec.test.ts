import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CounterType, Series } from '#protocol'
import { ByteReader, ByteWriter, FormatError } from './bytes.ts'
import type { SampleColumns } from './columns.ts'
import { createDictionary } from './dictionary.ts'
import { readSeries } from './definitions.ts'
import { encodeSamples, takeFrame } from './frames.ts'
import { Inbox } from './inbox.ts'
import { createRecordEncoder, decodeRecord } from './record.ts'
import { readSamples } from './samples.ts'
import { createSeriesTable } from './series-table.ts'

interface Given {
  readonly series: Series
  readonly timestamp: number
  readonly value: number
}

/** Any text that UTF-8 can carry. */
const text = fc.string({ unit: 'binary' })
const anySeries: fc.Arbitrary<Series> = fc.record({
  endpoint: fc.oneof(fc.constantFrom('host-a', 'host-b', ''), text),
  metric: fc.oneof(fc.constantFrom('cpu.idle', 'df.bytes.free'), text),
  tags: fc.oneof(fc.constantFrom('', 'mount=/'), text),
  counterType: fc.constantFrom<CounterType>('GAUGE', 'COUNTER', 'DERIVE'),
  step: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
})
const anySample: fc.Arbitrary<Given> = fc.record({
  series: anySeries,
  timestamp: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  value: fc.double(),
})
const anyBatch = fc.array(anySample, { maxLength: 50 })

function columnsOf(batch: readonly Given[], table = createSeriesTable()): SampleColumns {
  return {
    count: batch.length,
    series: batch.map(({ series: { endpoint, metric, tags, counterType, step } }) =>
      table.intern(endpoint, metric, tags, counterType, step),
    ),
    timestamps: Float64Array.from(batch, (sample) => sample.timestamp),
    values: Float64Array.from(batch, (sample) => sample.value),
  }
}

function samplesOf(batch: { slots: readonly Series[]; timestamps: Float64Array; values: Float64Array }): Given[] {
  return batch.slots.map((series, i) => ({
    series,
    timestamp: batch.timestamps[i] as number,
    value: batch.values[i] as number,
  }))
}

test('a record gives back every series, timestamp and double that went in', () => {
  const encode = createRecordEncoder()
  fc.assert(
    fc.property(anyBatch, (batch) => {
      expect(samplesOf(decodeRecord(encode(columnsOf(batch)), (series) => series))).toEqual(batch)
    }),
  )
})

test('batches over one link give back what went in, whatever was defined before', () => {
  fc.assert(
    fc.property(fc.array(anyBatch, { maxLength: 5 }), (batches) => {
      const table = createSeriesTable()
      const dictionary = createDictionary()
      const inbox = new Inbox()
      batches.forEach((batch, id) =>
        encodeSamples(id, columnsOf(batch, table), dictionary, 2 ** 20).forEach((frame) => inbox.push(frame)),
      )
      expect(readAll(inbox)).toEqual(batches)
    }),
  )
})

/** What a receiver makes of the frames of batches. */
function readAll(inbox: Inbox): Given[][] {
  const known: Series[] = []
  const batches: Given[][] = []
  for (let frame = takeFrame(inbox, 2 ** 20); frame; frame = takeFrame(inbox, 2 ** 20)) {
    const number = frame.body.u32()
    if (frame.type === 1) {
      expect(number).toBe(known.length)
      readSeries(frame.body, (series) => known.push(series))
    } else {
      expect(number).toBe(batches.length)
      batches.push(samplesOf(readSamples(frame.body, known)))
    }
    frame.body.end()
  }
  return batches
}

test('more series than one definition frame takes are split over several', () => {
  const batch = Array.from({ length: 10_000 }, (_, i) => ({
    series: { endpoint: 'h', metric: `m${i}`, tags: '', counterType: 'GAUGE' as const, step: 60 },
    timestamp: i,
    value: i,
  }))
  const frames = encodeSamples(0, columnsOf(batch), createDictionary(), 2 ** 20)
  expect(frames).toHaveLength(4)
  const inbox = new Inbox()
  frames.forEach((frame) => inbox.push(frame))
  expect(readAll(inbox)).toEqual([batch])
})

test('negative zero, infinities and NaN stay what they are', () => {
  const values = [-0, 0, Infinity, -Infinity, Number.NaN, Number.MIN_VALUE, Number.MAX_VALUE]
  const series = createSeriesTable().intern('h', 'm', '', 'GAUGE', 1)
  const record = createRecordEncoder()({
    count: values.length,
    series: values.map(() => series),
    timestamps: new Float64Array(values.length),
    values: Float64Array.from(values),
  })
  expect([...decodeRecord(record, () => 0).values]).toEqual(values)
})

test('only the first count entries are packed', () => {
  const table = createSeriesTable()
  const full = columnsOf(
    ['a', 'b', 'c'].map((metric) => ({
      series: { endpoint: 'h', metric, tags: '', counterType: 'GAUGE', step: 1 },
      timestamp: 5,
      value: 1,
    })),
    table,
  )
  const record = createRecordEncoder()({ ...full, count: 2 })
  expect(decodeRecord(record, (series) => series.metric).slots).toEqual(['a', 'b'])
})

test('a record that failed leaves nothing behind in the next', () => {
  const encode = createRecordEncoder()
  const [sample] = fc.sample(anySample, 1)
  const good = [sample as Given]
  expect(() => encode(columnsOf([{ ...(sample as Given), timestamp: 0.5 }]))).toThrow(RangeError)
  expect(samplesOf(decodeRecord(encode(columnsOf(good)), (series) => series))).toEqual(good)
})

describe('what is not a record is refused', () => {
  const record = createRecordEncoder()(
    columnsOf([
      {
        series: { endpoint: 'host', metric: 'cpu', tags: '', counterType: 'GAUGE', step: 60 },
        timestamp: 7,
        value: 1.5,
      },
    ]),
  )

  test('cut short anywhere, or with something after it', () => {
    for (let length = 0; length < record.length; length++)
      expect(() => decodeRecord(record.subarray(0, length), () => 0)).toThrow(FormatError)
    expect(() => decodeRecord(Buffer.concat([record, Buffer.alloc(1)]), () => 0)).toThrow('1 bytes follow')
  })

  test('of another version', () => {
    const newer = Buffer.from(record)
    newer[0] = 2
    expect(() => decodeRecord(newer, () => 0)).toThrow('a record of version 2, this reads 1')
  })

  test('any bytes at all give a FormatError or samples, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeRecord(Uint8Array.from([1, ...bytes]), () => 0)
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

test('numbers of every length survive', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 })), (numbers) => {
      const writer = new ByteWriter(1)
      numbers.forEach((number) => writer.varint(number))
      const reader = new ByteReader(writer.finish())
      expect(numbers.map(() => reader.varint())).toEqual(numbers)
      reader.end()
    }),
  )
})

describe('the series table', () => {
  test('numbers series from 0 and gives the same one for the same members', () => {
    const table = createSeriesTable()
    const members = ['a', 'b'].flatMap((endpoint) =>
      ['m', 'n'].flatMap((metric) =>
        ['', 't=1'].flatMap((tags) =>
          (['GAUGE', 'DERIVE'] as const).flatMap((type) =>
            [60, 30].map((step) => [endpoint, metric, tags, type, step] as const),
          ),
        ),
      ),
    )
    const first = members.map((one) => table.intern(...one))
    expect(first.map((series) => series.number)).toEqual(members.map((_, i) => i))
    const again = members.toReversed().map((one) => table.intern(...one))
    again.toReversed().forEach((series, i) => expect(series).toBe(first[i]))
    expect(table.size).toBe(32)
    expect(first[3]).toEqual({ endpoint: 'a', metric: 'm', tags: '', counterType: 'DERIVE', step: 30, number: 3 })
  })

  test.each([0, -1, 1.5, 2 ** 32, Number.NaN])('refuses step %d and stays usable', (step) => {
    const table = createSeriesTable()
    expect(() => table.intern('h', 'm', '', 'GAUGE', step)).toThrow(`Cannot number h/m: its step must be`)
    expect(table.intern('h', 'm', '', 'GAUGE', 1).number).toBe(0)
  })
})
