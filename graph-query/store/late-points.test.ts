import { expect, test } from 'vitest'
import { createBench, series } from './store-under-test.contract.ts'

const noon = 1_795_176_000
const gauge = (counter: string, step = 60) => ({ endpoint: 'e', counter, kind: 'GAUGE' as const, step })
const derive = (counter: string, step = 60) => ({ endpoint: 'e', counter, kind: 'DERIVE' as const, step })

test('the same point twice is one point, the later value wins, also across segments', async () => {
  const bench = await createBench(noon)
  const slot = bench.store.define(gauge('twice'))
  await bench.feed(slot, [
    [noon - 60, 1],
    [noon - 60, 2],
  ])
  bench.clock = noon + 7200
  await bench.store.maintain()
  expect(bench.store.stats()).toMatchObject({ headBytes: 0 })
  await bench.feed(slot, [[noon - 60, 3]])
  const average = () => bench.read('twice', noon - 61, noon - 60, { width: 5 })
  expect(bench.read('twice', noon - 61, noon - 60)).toEqual([[noon - 60, 3]])
  bench.clock += 7200
  await bench.store.maintain()
  expect(bench.read('twice', noon - 61, noon - 60)).toEqual([[noon - 60, 3]])
  expect(average()).toEqual([])
  expect(bench.read('twice', noon - 300, noon, { width: 5 })).toEqual([
    [noon - 300, null],
    [noon, 3],
  ])
})

test('points out of order fill gaps, before and after their window was written', async () => {
  const bench = await createBench(noon)
  const slot = bench.store.define(gauge('late'))
  await bench.feed(
    slot,
    series(noon - 7200, 120, 60, (i) => i),
  )
  bench.clock = noon + 3600
  await bench.store.maintain()
  await bench.feed(
    slot,
    series(noon - 7140, 120, 60, (i) => i + 0.5),
  )
  const expected = series(noon - 7200, 60, 120, (i) => i / 2)
  expect(bench.read('late', noon - 7200, noon - 60)).toEqual(expected)
  await bench.reopen()
  expect(bench.read('late', noon - 7200, noon - 60)).toEqual(expected)
  bench.clock = noon + 90_000
  await bench.store.maintain()
  expect(bench.read('late', noon - 7200, noon - 60)).toEqual(expected)
})

test('late points also reach the coarser rows that are stored already', { timeout: 30_000 }, async () => {
  const bench = await createBench(noon)
  const gaugeSlot = bench.store.define(gauge('g'))
  const deriveSlot = bench.store.define(derive('d'))
  const hole = (i: number) => i < 1000 || i >= 1100
  const points = series(noon, 60, 3000, (i) => i * 60).filter((_, i) => hole(i))
  await feedByTheHour(points)
  expect(bench.read('g', noon, noon + 180_000, { width: 5 }).filter(([, v]) => v === null)).toHaveLength(19)
  expect(bench.read('d', noon, noon + 180_000, { width: 20 }).filter(([, v]) => v === null).length).toBeGreaterThan(3)

  const missing = series(noon, 60, 3000, (i) => i * 60).filter((_, i) => !hole(i))
  await bench.feed(gaugeSlot, missing)
  await bench.feed(deriveSlot, missing)
  bench.clock += 7200
  await bench.store.maintain()
  const start = noon + 3600
  const end = noon + 170_000
  for (const width of [5, 20, 180]) {
    const rows = bench.read('g', start, end, { width })
    expect(rows.length).toBeGreaterThan(10)
    for (const [time, value] of rows) expect(value).toBeCloseTo(time - noon - 30 * (width - 1), 6)
    for (const [, value] of bench.read('d', start, end, { width })) expect(value).toBe(1)
  }

  async function feedByTheHour(all: [number, number][]): Promise<void> {
    for (let hour = noon; hour < noon + 200_000; hour += 3600) {
      bench.clock = hour + 3600
      const now = all.filter(([time]) => time >= hour && time < hour + 3600)
      await bench.feed(gaugeSlot, now)
      await bench.feed(deriveSlot, now)
      await bench.store.maintain()
    }
  }
})

test('a late point that makes a stored rate a reset takes the rate back', async () => {
  const bench = await createBench(noon)
  const slot = bench.store.define(derive('back'))
  await bench.feed(slot, [
    [noon - 7200, 10],
    [noon, 20],
  ])
  bench.clock = noon + 100_000
  await bench.store.maintain()
  await bench.feed(slot, [[bench.clock, 30]])
  const row = () => bench.read('back', noon - 1, noon, { width: 5 })
  expect(row()).toEqual([[noon, 10 / 7200]])
  await bench.feed(slot, [[noon - 3600, 1000]])
  bench.clock += 7200
  await bench.store.maintain()
  expect(row()).toEqual([[noon, null]])
  await bench.reopen()
  expect(row()).toEqual([[noon, null]])
})

test('a late point leaves coarse rows whole whose finer rows were dropped long ago', { timeout: 30_000 }, async () => {
  const bench = await createBench(noon)
  const slot = bench.store.define(gauge('c'))
  const value = (time: number) => ((time / 60) * 7) % 101
  const start = noon - 15 * 86_400
  const isMissing = (time: number) => time > start + 5 * 86_400 && time <= start + 5 * 86_400 + 120
  const all = series(start, 60, 15 * 1440 + 1, (i) => value(start + i * 60))
  for (let from = start; from <= noon; from += 43_200) {
    bench.clock = from + 43_200
    await bench.feed(
      slot,
      all.filter(([time]) => time >= from && time < from + 43_200 && !isMissing(time)),
    )
    await bench.store.maintain()
  }
  // Ten days late: rows of 5 steps are kept for two days, those of 20 for a week.
  await bench.feed(
    slot,
    all.filter(([time]) => isMissing(time)),
  )
  bench.clock += 7300
  await bench.store.maintain()
  for (const width of [180, 720])
    for (const consolidation of ['AVERAGE', 'MAX', 'MIN'] as const) {
      const rows = bench.read('c', start + 2 * 86_400, noon - 2 * 86_400, { width, consolidation })
      expect(rows.length).toBeGreaterThan(10)
      for (const [time, read] of rows) {
        const part = Array.from({ length: width }, (_, i) => value(time - i * 60))
        const average = part.reduce((sum, one) => sum + one, 0) / width
        const expected = { AVERAGE: average, MAX: Math.max(...part), MIN: Math.min(...part) }[consolidation]
        expect(read, `${consolidation} of ${width} steps at ${time}`).toBeCloseTo(expected, 9)
      }
    }
})
