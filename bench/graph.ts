import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLinkClient, createSeriesTable } from '#lib/link'
import { createLogger } from '#lib/log'
import { graphQueryConfig } from '../graph-query/config.ts'
import { startGraphQuery } from '../graph-query/graph-query.ts'
import { openStore } from '../graph-query/store/store.ts'
import type { Store } from '../graph-query/store/types.ts'
import { seriesOf, stepSeconds, storedSeriesOf, valueOf } from './agent-data.ts'
import type { Reached } from './goals.ts'

const seriesCount = 100_000
const minutes = 35
const yearSeries = 3
const start = 1_795_176_000
const quiet = createLogger('bench', { destination: { write: () => undefined } })

/** Ingest, room, memory, restart and query times of graph's store, on data like an agent's. */
export async function run(): Promise<Reached> {
  const dir = mkdtempSync(join(tmpdir(), 'graph-bench-'))
  try {
    const link = await benchLink(join(dir, 'link'))
    const rows = [...(await benchStore(join(dir, 'store'))), ...link.rows]
    const rest = await benchYear(join(dir, 'year'))
    console.log(`graph store, ${seriesCount} series of 60 s, one core:`)
    for (const [what, shown] of [...rows, ...rest]) console.log(`  ${what.padEnd(46)}${shown.padStart(14)}`)
    return { graphAccepted: (link.perSecond * 60) / 1e6 }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

type Row = readonly [what: string, shown: string]

function defineAll(store: Store): number[] {
  return Array.from({ length: seriesCount }, (_, i) => store.define(storedSeriesOf(i)))
}

async function benchStore(dir: string): Promise<Row[]> {
  const clock = { now: start }
  const open = () => openStore({ dir, now: () => clock.now, onEvent: () => undefined })
  const before = residentBytes()
  let store = await open()
  const slots = defineAll(store)
  await store.commit()

  const cpu = process.cpuUsage()
  const began = performance.now()
  for (let minute = 0; minute < minutes; minute++) {
    clock.now = start + minute * 60
    for (let i = 0; i < seriesCount; i++) {
      store.append(slots[i] ?? -1, clock.now, valueOf(i, minute))
      if (i % 10_000 === 9999) await store.commit()
    }
  }
  const seconds = (performance.now() - began) / 1000
  const used = process.cpuUsage(cpu)
  const points = seriesCount * minutes
  const cpuMicros = (used.user + used.system) / points
  const perSeries = (residentBytes() - before) / seriesCount

  await store.close()
  const restarting = performance.now()
  store = await open()
  const restart = performance.now() - restarting
  const headPerSeries = store.stats().headBytes / seriesCount

  const flushing = performance.now()
  await store.maintain()
  const flush = performance.now() - flushing
  // Eight bytes of memory are a point.
  const written = headPerSeries * (seriesCount / 8) - store.stats().headBytes / 8
  const bytes = store.stats().segmentBytes / written
  const search = await timed(1, () =>
    store.searchEndpoints({ name: (name) => name.includes('99.e'), parts: [], page: 1, limit: 500 }),
  )
  const range = { start: start - 1, end: start + minutes * 60, consolidation: 'AVERAGE' as const, mostPoints: 1e6 }
  const hundred = await timed(5, () => {
    for (let i = 0; i < 100; i++)
      store.query({
        endpoint: `host${i * 7}.example`,
        counter: `metric.number${i}/device=sda${(i * 7 * 100 + i) % 3}`,
        ...range,
      })
  })
  await store.close()
  return [
    ['ingest in process, random values, log included', perSecond(points, seconds)],
    ['  CPU', `${cpuMicros.toFixed(2)} µs/sample`],
    ['resident memory, all in', `${perSeries.toFixed(0)} B/series`],
    ['  of that points not yet in segments', `${headPerSeries.toFixed(0)} B/series`],
    [`restart with ${minutes} minutes of log`, `${restart.toFixed(0)} ms`],
    ['writing the windows that are complete', perSecond(written, flush / 1000)],
    ['  room of a raw point, before segments are merged', `${bytes.toFixed(2)} B`],
    ['100 series x 35 minutes', `${hundred.toFixed(2)} ms`],
    ['search over 1000 endpoints', `${search.toFixed(2)} ms`],
  ]
}

async function benchLink(dir: string): Promise<{ rows: Row[]; perSecond: number }> {
  const clock = { now: start }
  const listen = { listen: '127.0.0.1:0' }
  const config = graphQueryConfig.parse({ http: listen, rpc: listen, query: listen, storage: { dir } })
  const graph = await startGraphQuery(config, quiet, 'none.json', () => clock.now * 1000)
  const client = createLinkClient({
    addresses: [`127.0.0.1:${graph.ports.rpc}`],
    module: 'bench',
    connectTimeoutMs: 1000,
    ackTimeoutMs: 30_000,
    log: quiet,
  })
  if (!client.connected) await new Promise<void>((resolve) => client.onConnect(resolve))
  const table = createSeriesTable()
  const series = Array.from({ length: seriesCount }, (_, i) => {
    const { endpoint, metric, tags, counterType } = seriesOf(i)
    return table.intern(endpoint, metric, tags, counterType, stepSeconds)
  })
  const batch = 2000
  let sent = 0
  const sendMinute = async (minute: number) => {
    clock.now = start + minute * 60
    const answers: Promise<unknown>[] = []
    for (let from = 0; from < seriesCount; from += batch) {
      const chunk = series.slice(from, from + batch)
      answers.push(
        client.send({
          count: chunk.length,
          series: chunk,
          timestamps: new Float64Array(chunk.length).fill(clock.now),
          values: Float64Array.from(chunk, (_, i) => valueOf(from + i, minute)),
        }),
      )
      sent += chunk.length
    }
    await Promise.all(answers)
  }
  await sendMinute(0)
  sent = 0
  const cpu = process.cpuUsage()
  const began = performance.now()
  for (let minute = 1; minute <= 15; minute++) await sendMinute(minute)
  const seconds = (performance.now() - began) / 1000
  const used = process.cpuUsage(cpu)
  await client.close()
  await graph.stop()
  const rows: Row[] = [
    ['ingest over the link, acknowledged', perSecond(sent, seconds)],
    ['  CPU, sender included', `${((used.user + used.system) / sent).toFixed(2)} µs/sample`],
  ]
  return { rows, perSecond: sent / seconds }
}

/** A year of a few series, sent as it would have come, then asked for. */
async function benchYear(dir: string): Promise<Row[]> {
  const clock = { now: start }
  const store = await openStore({ dir, now: () => clock.now, onEvent: () => undefined })
  const slots = Array.from({ length: yearSeries }, (_, i) =>
    store.define({ endpoint: 'h', counter: `c${i}`, kind: i === 0 ? 'DERIVE' : 'GAUGE', step: 300 }),
  )
  const points = (365 * 86_400) / 300
  for (let i = 0; i < points; i++) {
    clock.now = start + i * 300
    for (const [number, slot] of slots.entries()) store.append(slot, clock.now, valueOf(number + 12, i))
    if (i % 2016 !== 0) continue
    await store.commit()
    await store.maintain()
  }
  await store.commit()
  await store.maintain()
  const ask = (days: number) => () => {
    const request = { endpoint: 'h', consolidation: 'AVERAGE' as const, end: clock.now, mostPoints: 1e6 }
    for (let i = 0; i < yearSeries; i++) store.query({ ...request, counter: `c${i}`, start: clock.now - days * 86_400 })
  }
  const year = (await timed(20, ask(365))) / yearSeries
  const day = (await timed(20, ask(1))) / yearSeries
  await store.close()
  return [
    ['1 series x 1 day, raw', `${day.toFixed(2)} ms`],
    ['1 series x 1 year, from archives', `${year.toFixed(2)} ms`],
  ]
}

/** Milliseconds of one call, the median of several. */
async function timed(times: number, call: () => unknown): Promise<number> {
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const began = performance.now()
    await call()
    took.push(performance.now() - began)
  }
  return took.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? NaN
}

function perSecond(count: number, seconds: number): string {
  return `${(count / seconds / 1e6).toFixed(2)} M/s`
}

function residentBytes(): number {
  return process.memoryUsage().rss
}
