import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatTable } from '#lib/table'
import { readPattern } from '../graph-query/store/pattern.ts'
import { openStore } from '../graph-query/store/store.ts'
import type { Store } from '../graph-query/store/types.ts'

const yearSeries = 100
const days = 365
const step = 60
const start = 1_763_640_000
const searchHosts = 20_000
const searchCounters = 100

/**
 * Questions to a store that holds a year of 100 series of a minute, warm and with the system's cache emptied, and searches
 * over two million counters. Beside them, as what they are compared with: the average of every 720 raw points of the
 * same series, and a loop over as many names.
 */
export async function run(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'query-bench-'))
  try {
    await benchYear(join(dir, 'year'))
    await benchSearch(join(dir, 'search'))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function benchYear(dir: string): Promise<void> {
  const clock = { now: start }
  const open = () => openStore({ dir, now: () => clock.now, rawRetentionSeconds: 3 * 86_400, onEvent: () => undefined })
  let store = await open()
  const names = Array.from({ length: yearSeries }, (_, i) => `metric.${i}/device=sda`)
  const slots = names.map((counter) => store.define({ endpoint: 'h', counter, kind: 'GAUGE', step }))
  const perDay = 86_400 / step
  for (let day = 0; day < days; day++) {
    for (let row = 0; row < perDay; row++) {
      clock.now = start + (day * perDay + row) * step
      for (const [i, slot] of slots.entries()) store.append(slot, clock.now, ((i * 7919 + row * 31) % 1000) / 8)
    }
    await store.commit()
    if (day % 2 === 1) await store.maintain()
    if (day % 60 === 59) console.log(`  ${day + 1} of ${days} days written`)
  }
  await store.maintain()

  const ask = (series: number, back: number) => () => {
    const request = { endpoint: 'h', consolidation: 'AVERAGE' as const, end: clock.now, mostPoints: 1e6 }
    let points = 0
    for (const counter of names.slice(0, series)) {
      const history = store.query({ ...request, counter, start: clock.now - back * 86_400 })
      for (const run of history?.runs ?? []) points += run.values.length
    }
    return points
  }
  const questions = [
    { what: '1 series x 1 year', series: 1, back: 365, goal: '' },
    { what: '100 series x 1 year', series: 100, back: 365, goal: '< 50 ms warm, < 500 ms cold' },
    { what: '100 series x 1 day, raw', series: 100, back: 1, goal: '' },
  ]
  const rows: string[][] = []
  for (const { what, series, back, goal } of questions) {
    await store.close()
    const dropped = dropCaches()
    store = await open()
    const cold = dropped ? ms((await timed(1, ask(series, back))).median) : 'not root'
    const { median, result } = await timed(9, ask(series, back))
    rows.push([what, String(result), ms(median), cold, goal])
  }
  const values = new Float64Array(days * perDay).map((_, i) => (i % 1000) / 8)
  const naive = await timed(3, () => {
    let sum = 0
    for (let i = 0; i < yearSeries; i++)
      for (let row = 0; row + 720 <= values.length; row += 720)
        for (let at = row; at < row + 720; at++) sum += (values[at] ?? 0) / 720
    return sum
  })
  rows.push(['100 x 1 year averaged from raw points in memory', '', ms(naive.median), '', ''])
  console.log(formatTable(['question', 'points', 'warm', 'cold', 'goal'], rows))
  await store.close()
}

async function benchSearch(dir: string): Promise<void> {
  const before = process.memoryUsage()
  let store = await openStore({ dir, now: () => start, onEvent: () => undefined })
  const defining = performance.now()
  for (let host = 0; host < searchHosts; host++)
    for (let i = 0; i < searchCounters; i++)
      store.define({
        endpoint: `host${String(host).padStart(5, '0')}.dc${host % 7}.example`,
        counter: i % 3 === 0 ? `net.if.in.bytes/iface=eth${i}` : `metric.number${i}/device=sda${i % 5}`,
        kind: 'GAUGE',
        step,
      })
  const seconds = (performance.now() - defining) / 1000
  await store.commit()
  await store.close()
  const opening = performance.now()
  store = await openStore({ dir, now: () => start, onEvent: () => undefined })
  const opened = performance.now() - opening
  global.gc?.()
  const resident = process.memoryUsage()
  const series = searchHosts * searchCounters
  const names = Array.from({ length: series }, (_, i) => `metric.number${i % 100}/device=sda${i % 5}`)
  const loop = await timed(3, () => names.filter((name) => name.includes('nothing')).length)

  const counters = (pattern: string, page = 1) => searchOf(store, pattern, page)
  const rows: string[][] = []
  for (const [what, search] of [
    ['endpoints, literal', () => endpoints(store, 'host19999', '')],
    ['endpoints, expression, none fits', () => endpoints(store, '^db[0-9]+$', '')],
    ['endpoints by tag', () => endpoints(store, '', 'iface=eth99')],
    ['endpoints by tag, none has it', () => endpoints(store, '', 'iface=nothing')],
    ['counters of all hosts, literal', counters('number77')],
    ['counters of all hosts, expression', counters('^net\\.if\\..*eth9[0-9]$')],
    ['counters of all hosts, negated', counters('!metric')],
    ['counters of all hosts, none fits', counters('^nothing.*(a|b)+$')],
    ['counters of all hosts, page 1000', counters('.+', 1000)],
  ] as const) {
    const { median, result } = await timed(3, search)
    rows.push([what, String(result), ms(median), `${(median / loop.median).toFixed(2)} x`])
  }
  rows.push([`a loop over ${series} names with includes`, '', ms(loop.median), '1 x'])
  console.log(
    `${series} series: defined in ${seconds.toFixed(1)} s, list read in ${(opened / 1000).toFixed(1)} s, ` +
      `${((resident.rss - before.rss) / series).toFixed(0)} B a series resident (heap ${((resident.heapUsed - before.heapUsed) / series).toFixed(0)})`,
  )
  console.log(formatTable(['first page of a search (goal < 100 ms)', 'found', 'took', 'against a loop'], rows))
  await store.close()
}

function patternOf(text: string): (name: string) => boolean {
  const pattern = readPattern(text, { negation: true })
  if (!pattern.ok) throw new Error(pattern.reason)
  return pattern.value
}

async function endpoints(store: Store, q: string, tags: string): Promise<number> {
  const parts = tags === '' ? [] : tags.split(',')
  return (await store.searchEndpoints({ name: patternOf(q), parts, page: 1, limit: 500 })).length
}

function searchOf(store: Store, pattern: string, page: number): () => Promise<number> {
  let ids: readonly number[] | undefined
  return async () => {
    ids ??= (await store.searchEndpoints({ name: () => true, parts: [], page: 1, limit: searchHosts })).map(
      ({ id }) => id,
    )
    return (await store.searchCounters({ endpointIds: ids, name: patternOf(pattern), page, limit: 500 })).length
  }
}

/** Empties the system's cache of files; only root may. */
function dropCaches(): boolean {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1')
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return false
    throw error
  }
}

/** The median of several calls in milliseconds, and what the last one gave. */
async function timed<T>(times: number, call: () => T | Promise<T>): Promise<{ median: number; result: T | undefined }> {
  const took: number[] = []
  let result: T | undefined
  for (let i = 0; i < times; i++) {
    const began = performance.now()
    result = await call()
    took.push(performance.now() - began)
  }
  return { median: took.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? NaN, result }
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`
}
