import { assert, constantFrom, double, integer, oneof, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { expositionText } from './exposition.ts'
import { createModuleMetrics } from './module-metrics.ts'
import { parseStrictly } from './parse-strictly.contract.ts'
import { readExposition } from './read-exposition.ts'

const names = [
  ['<ring>.<destination>.dropped.<reason>', 'dropped_samples', 'Samples dropped'],
  ['RecvCnt', 'received_samples', 'Samples taken'],
] as const

function metricsOf(fill: (counters: ReturnType<typeof createCounters>) => void) {
  const counters = createCounters()
  fill(counters)
  return parseStrictly(createModuleMetrics({ module: 'graph-query', counters, names })())
}

test('a counter is a metric, and what stands for the placeholders of its name becomes labels', () => {
  const series = metricsOf((counters) => {
    counters.add('RecvCnt', 7)
    counters.add('judge.judge-00.127.0.0.1:6080.dropped.size', 3)
    counters.add('judge.judge-00.127.0.0.1:6080.dropped.age')
    counters.gauge('store.headBytes', () => 12.5)
    counters.counted('GraphRpcRecvCnt', () => 9)
  })
  expect(series.filter(({ name }) => name.startsWith('falcon_'))).toEqual([
    {
      name: 'falcon_graph_query_dropped_samples_total',
      labels: { ring: 'judge', destination: 'judge-00.127.0.0.1:6080', reason: 'size' },
      value: 3,
      type: 'counter',
    },
    {
      name: 'falcon_graph_query_dropped_samples_total',
      labels: { ring: 'judge', destination: 'judge-00.127.0.0.1:6080', reason: 'age' },
      value: 1,
      type: 'counter',
    },
    { name: 'falcon_graph_query_graph_rpc_recv_total', labels: {}, value: 9, type: 'counter' },
    { name: 'falcon_graph_query_received_samples_total', labels: {}, value: 7, type: 'counter' },
    { name: 'falcon_graph_query_store_head_bytes', labels: {}, value: 12.5, type: 'gauge' },
  ])
})

test('the process tells what it costs', () => {
  const series = metricsOf(() => undefined)
  const value = (name: string) => series.find((one) => one.name === name)?.value ?? Number.NaN
  expect(value('process_cpu_seconds_total')).toBeGreaterThan(0)
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(2 ** 20)
  expect(value('process_open_fds')).toBeGreaterThan(2)
  expect(value('nodejs_heap_size_used_bytes')).toBeLessThan(value('nodejs_heap_size_limit_bytes'))
  expect(value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0)
  expect(series.filter(({ name }) => name === 'nodejs_gc_duration_seconds_total')).toHaveLength(4)
})

test('any label text and any number comes back as it was, from the strict reader and from the lenient one', () => {
  const value = oneof(double(), integer(), constantFrom(Number.NaN, Infinity, -Infinity))
  const ascii = string({ unit: constantFrom('a', '"', '\\', '\n', ',', '{', '}', '=', ' ', 'é', '😀') })
  assert(
    property(ascii, value, (text, number) => {
      const written = expositionText([
        { name: 'm', type: 'gauge', help: `h\\${text}`, series: [{ labels: { a: text, b: 'x' }, value: number }] },
      ])
      const expected = { name: 'm', labels: { a: text, b: 'x' }, value: number === 0 ? 0 : number, type: 'gauge' }
      expect(parseStrictly(written)).toEqual([expected])
      expect(readExposition(written)).toEqual([expected])
    }),
  )
})

test('the lenient reader passes over what is no series', () => {
  expect(readExposition('<html>\n# nothing\nm{a="1"} 2 1700000000000\nm 3\n')).toEqual([
    { name: 'm', labels: { a: '1' }, value: 2, type: undefined },
    { name: 'm', labels: {}, value: 3, type: undefined },
  ])
})

test.each([
  ['m 1', 'the last line has no end'],
  ['m 1\n', 'outside of its family'],
  ['# HELP m h\n# TYPE m counter\nm 1\n', 'ends in _total'],
  ['# HELP m h\n# TYPE m gauge\nm 1\nm 2\n', 'a series twice'],
  ['# HELP m h\n# TYPE m gauge\nm{a="\\x"} 1\n', 'an unknown escape'],
])('the strict reader refuses %j', (text, why) => {
  expect(() => parseStrictly(text)).toThrow(why)
})
