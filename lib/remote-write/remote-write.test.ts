import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeSnappy, decodeWriteRequest } from './decode.reference.ts'
import { labelsOf } from './labels.ts'
import { compressSnappy } from './snappy.ts'
import { createWriteEncoder, createWriteSeries } from './write-request.ts'

const labelled = (metric: string, tags = '') =>
  createWriteSeries(labelsOf({ endpoint: 'h1', metric, tags }, 'verbatim'))

test('a receiver reads labels sorted by name and each sample to the bit', () => {
  const encode = createWriteEncoder()
  const cpu = labelled('cpu.idle')
  const disk = labelled('df.used', 'fstype=ext4,mount=/')
  const body = encode({ count: 2, series: [cpu, disk], times: [1_795_191_000_000, 7], values: [0.1 + 0.2, -Infinity] })
  expect(decodeWriteRequest(body)).toEqual([
    {
      labels: { __name__: 'cpu.idle', endpoint: 'h1' },
      names: ['__name__', 'endpoint'],
      samples: [{ time: 1_795_191_000_000, value: 0.1 + 0.2 }],
    },
    {
      labels: { __name__: 'df.used', endpoint: 'h1', fstype: 'ext4', mount: '/' },
      names: ['__name__', 'endpoint', 'fstype', 'mount'],
      samples: [{ time: 7, value: -Infinity }],
    },
  ])
})

test('samples of one series stand together by rising time, and of equal times the one that came last counts', () => {
  const [a, b] = [labelled('a'), labelled('b')]
  const body = createWriteEncoder()({
    count: 6,
    series: [a, b, a, a, b, a],
    times: [3, 1, 1, 2, 2, 1],
    values: [30, 1, 10, 20, 2, 11],
  })
  expect(decodeWriteRequest(body).map(({ samples }) => samples.map(({ time, value }) => [time, value]))).toEqual([
    [
      [1, 11],
      [2, 20],
      [3, 30],
    ],
    [
      [1, 1],
      [2, 2],
    ],
  ])
})

test('encoders that share series, and batches after one another, do not disturb each other', () => {
  const [one, other] = [createWriteEncoder(), createWriteEncoder()]
  const a = labelled('a')
  const columns = { count: 2, series: [a, a], times: [1, 2], values: [1, 2] }
  const first = decodeWriteRequest(one(columns))
  expect(first).toMatchObject([{ samples: [{ value: 1 }, { value: 2 }] }])
  expect(decodeWriteRequest(other(columns))).toEqual(first)
  expect(decodeWriteRequest(one(columns))).toEqual(first)
  expect(decodeWriteRequest(one({ ...columns, count: 0 }))).toEqual([])
})

test('tags that would hide a label of ours are exported, as Prometheus calls it', () => {
  const names = (tags: string) =>
    labelsOf({ endpoint: 'h', metric: 'm', tags }, 'verbatim', [{ name: 'step', value: '60' }]).map(
      ({ name, value }) => `${name}=${value}`,
    )
  expect(names('endpoint=x,exported_endpoint=y,step=9')).toEqual([
    '__name__=m',
    'endpoint=h',
    'step=60',
    'exported_endpoint=x',
    'exported_exported_endpoint=y',
    'exported_step=9',
  ])
  expect(names('a=,=b')).toEqual(['__name__=m', 'endpoint=h', 'step=60'])
  expect(names(Array.from({ length: 28 }, (_, i) => `k${i}=v`).join(','))).toHaveLength(3)
})

test('names follow the rules of the receiver', () => {
  const series = { endpoint: 'h.1', metric: '5xx.rate/s', tags: '9a=b.c,a-b=1,a.b=2' }
  expect(labelsOf(series, 'verbatim').map(({ name }) => name)).toEqual(['__name__', 'endpoint', '9a', 'a-b', 'a.b'])
  expect(labelsOf(series, 'prometheus')).toEqual([
    { name: '__name__', value: '_5xx_rate_s' },
    { name: 'endpoint', value: 'h.1' },
    { name: '_9a', value: 'b.c' },
    { name: 'a_b', value: '1' },
    { name: 'exported_a_b', value: '2' },
  ])
})

test('whatever the bytes, an independent reader of snappy blocks gets them back', () => {
  const repeating = fc
    .tuple(fc.array(fc.uint8Array({ minLength: 1, maxLength: 90 }), { minLength: 1, maxLength: 5 }), fc.nat(400))
    .map(([parts, times]) =>
      Buffer.concat(Array.from({ length: times }, (_, i) => parts[(i * 7) % parts.length] ?? Buffer.of())),
    )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
        repeating,
      ),
      (bytes) => {
        expect(decodeSnappy(compressSnappy(bytes)).equals(bytes)).toBe(true)
      },
    ),
    { numRuns: 300 },
  )
})

test('more than one block of 64 KiB, and what does not repeat at all', () => {
  let state = 1
  const random = Buffer.from(Array.from({ length: 150_001 }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff))
  const text = Buffer.from('cpu.idle endpoint host-0001 '.repeat(6000))
  for (const bytes of [random, text, Buffer.concat([text, random])])
    expect(decodeSnappy(compressSnappy(bytes)).equals(bytes)).toBe(true)
  expect(compressSnappy(text).length).toBeLessThan(text.length / 15)
  expect(compressSnappy(random).length).toBeLessThan(random.length * 1.02)
})

test('batches of any samples arrive whole', () => {
  const encode = createWriteEncoder()
  const pool = ['a', 'b.c', 'd/e'].map((name) => labelled(name, `k=${name}`))
  const sample = fc.record({
    series: fc.nat(2),
    time: fc.oneof(fc.nat(5), fc.integer({ min: 2 ** 31 - 3, max: 2 ** 42 })),
    value: fc.double(),
  })
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
      const body = encode({
        count: samples.length,
        series: samples.map(({ series }) => pool[series] ?? labelled('none')),
        times: samples.map(({ time }) => time),
        values: samples.map(({ value }) => value),
      })
      const expected = new Map(
        samples.map(({ series, time, value }) => [`${['a', 'b.c', 'd/e'][series]} ${time}`, value]),
      )
      const received = decodeWriteRequest(body).flatMap(({ labels, samples: all }) =>
        all.map(({ time, value }): [string, number] => [`${labels['__name__']} ${time}`, value]),
      )
      expect(received).toHaveLength(expected.size)
      expect(new Map(received)).toEqual(expected)
    }),
  )
})
