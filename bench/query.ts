import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatTable } from '#lib/table'
import { openStore } from '../graph-query/store/store.ts'
import { stepSeconds as step, storedSeriesOf, valueOf } from './agent-data.ts'
import { dropCaches } from './drop-caches.ts'
import type { Reached } from './goals.ts'

const yearSeries = 100
const days = 365
const start = 1_763_640_000

/**
 * Questions to a store that holds a year of 100 series of a minute, warm and with the system's cache emptied, beside the
 * average of every 720 raw points of the same series in memory. Searches are measured by `index`.
 */
export async function run(): Promise<Reached> {
  const dir = mkdtempSync(join(tmpdir(), 'query-bench-'))
  try {
    return await benchYear(join(dir, 'year'))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function benchYear(dir: string): Promise<Reached> {
  const clock = { now: start }
  const open = () => openStore({ dir, now: () => clock.now, rawRetentionSeconds: 3 * 86_400, onEvent: () => undefined })
  let store = await open()
  const series = Array.from({ length: yearSeries }, (_, i) => storedSeriesOf(i))
  const slots = series.map((one) => store.define(one))
  const perDay = 86_400 / step
  for (let day = 0; day < days; day++) {
    for (let row = 0; row < perDay; row++) {
      clock.now = start + (day * perDay + row) * step
      for (const [i, slot] of slots.entries()) store.append(slot, clock.now, valueOf(i, day * perDay + row))
    }
    await store.commit()
    if (day % 2 === 1) await store.maintain()
    if (day % 60 === 59) console.log(`  ${day + 1} of ${days} days written`)
  }
  await store.maintain()

  const ask = (count: number, back: number) => () => {
    const request = { consolidation: 'AVERAGE' as const, end: clock.now, mostPoints: 1e6 }
    let points = 0
    for (const { endpoint, counter } of series.slice(0, count)) {
      const history = store.query({ ...request, endpoint, counter, start: clock.now - back * 86_400 })
      for (const run of history?.runs ?? []) points += run.values.length
    }
    return points
  }
  const questions = [
    { what: '1 series x 1 year', count: 1, back: 365, goal: '' },
    { what: '100 series x 1 year', count: 100, back: 365, goal: '< 50 ms warm, < 500 ms cold' },
    { what: '100 series x 1 day, raw', count: 100, back: 1, goal: '' },
  ]
  const rows: string[][] = []
  const reached: Reached = {}
  for (const { what, count, back, goal } of questions) {
    await store.close()
    const dropped = dropCaches()
    store = await open()
    const coldMs = dropped ? (await timed(1, ask(count, back))).median : undefined
    const { median, result } = await timed(9, ask(count, back))
    rows.push([what, String(result), ms(median), coldMs === undefined ? 'not root' : ms(coldMs), goal])
    if (goal === '') continue
    reached.queryWarm = median
    if (coldMs !== undefined) reached.queryCold = coldMs
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
  const raw = bytesOfARow(dir, (width) => width === '1')
  const archived = bytesOfARow(dir, (width) => width !== '1')
  console.log(`on the disk a raw point takes ${raw.toFixed(2)} B, a row of an archive ${archived.toFixed(2)} B`)
  reached.graphPoint = raw
  await store.close()
  return reached
}

/** Of one series, in the segments of the archives that fit; a row of other than raw points has average, extremes and count. */
function bytesOfARow(dir: string, fits: (width: string) => boolean): number {
  let bytes = 0
  let rows = 0
  const folder = join(dir, `step-${step}`)
  for (const name of readdirSync(folder)) {
    const [, width, rowsOfSegment] = /^(\d+)-\d+-(\d+)-\d+\.seg$/.exec(name) ?? []
    if (width === undefined || !fits(width)) continue
    bytes += statSync(join(folder, name)).size
    rows += Number(rowsOfSegment) * yearSeries
  }
  return bytes / rows
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
