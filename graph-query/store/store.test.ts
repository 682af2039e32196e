import { expect, test } from 'vitest'
import { openStore } from './store.ts'
import { createBench, series } from './store-under-test.contract.ts'

const noon = 1_795_176_000
const gauge = (counter: string, step = 60) => ({ endpoint: 'e', counter, kind: 'GAUGE' as const, step })
const derive = (counter: string, step = 60) => ({ endpoint: 'e', counter, kind: 'DERIVE' as const, step })

test('points are answered at their own times, with nothing invented between them', async () => {
  const bench = await createBench(noon)
  const slot = bench.store.define(gauge('load'))
  await bench.feed(slot, [
    [noon - 240, 1.5],
    [noon - 120, -0.1],
    [noon - 60, 1e301],
  ])
  expect(bench.read('load', noon - 300, noon)).toEqual([
    [noon - 300, null],
    [noon - 240, 1.5],
    [noon - 180, null],
    [noon - 120, -0.1],
    [noon - 60, 1e301],
    [noon, null],
  ])
})

test('a rate stands at the later of its points, over gaps too; a reset blanks its own step only', async () => {
  const bench = await createBench(noon)
  const slot = bench.store.define(derive('packets'))
  await bench.feed(slot, [
    [noon - 420, 1000],
    [noon - 360, 1060],
    [noon - 180, 1360.5],
    [noon - 120, 30],
    [noon - 60, 90],
  ])
  expect(bench.read('packets', noon - 420, noon - 60).map(([, value]) => value)).toEqual([
    null,
    1,
    null,
    null,
    300.5 / 180,
    null,
    1,
  ])
  // The window starts behind a point that its first rate needs.
  expect(bench.read('packets', noon - 181, noon - 180)).toEqual([[noon - 180, 300.5 / 180]])
})

test(
  'maxima and minima of coarse rows are those of the points, whichever archive answers',
  { timeout: 30_000 },
  async () => {
    const bench = await createBench(noon)
    const slot = bench.store.define(gauge('saw'))
    const wave = (i: number) => (i * 37) % 101
    for (let hour = 0; hour < 60; hour++) {
      bench.clock = noon + (hour + 1) * 3600
      await bench.feed(
        slot,
        series(noon + hour * 3600, 60, 60, (i) => wave(hour * 60 + i)),
      )
      await bench.store.maintain()
    }
    for (const width of [5, 20, 180, 720])
      for (const [consolidation, pick] of [
        ['MAX', Math.max],
        ['MIN', Math.min],
      ] as const) {
        const interval = width * 60
        const rows = bench.read('saw', noon + interval, noon + 59 * 3600, { width, consolidation })
        expect(rows.length).toBeGreaterThan(2)
        for (const [time, value] of rows) {
          const last = (time - noon) / 60
          const covered = Array.from({ length: width }, (_, i) => wave(last - i)).filter((_, i) => last - i >= 0)
          expect(value, `${consolidation} ${width} ${time}`).toBe(pick(...covered))
        }
      }
  },
)

test(
  'steps other than a minute: a second, half a minute, five minutes, an odd one, a day',
  { timeout: 30_000 },
  async () => {
    for (const step of [1, 30, 300, 7, 61, 3600, 86_400]) {
      const start = Math.floor(noon / step) * step - 40 * step
      const bench = await createBench(start + 40 * step)
      const slot = bench.store.define(gauge('any', step))
      const points = series(start, step, 40, (i) => i)
      if (step === 86_400) points.splice(0, 11)
      await bench.feed(slot, points)
      const first = points[0]?.[0] ?? 0
      expect(bench.read('any', first, start + 39 * step), `step ${step}`).toEqual(points)
      bench.clock += Math.max(2400, 3 * step)
      await bench.store.maintain()
      await bench.reopen()
      expect(bench.read('any', first, start + 39 * step), `step ${step} after a restart`).toEqual(points)
      const five = bench.read('any', start + 20 * step, start + 34 * step, { width: 5 })
      expect(five.length, `step ${step}`).toBeGreaterThan(1)
      for (const [time, value] of five) expect(value, `step ${step} at ${time}`).toBe((time - start) / step - 2)
    }
  },
)

test('a counter that changes its step or its type keeps its history and answers as what it is now', async () => {
  const bench = await createBench(noon)
  const minute = bench.store.define(gauge('moved'))
  await bench.feed(
    minute,
    series(noon - 600, 60, 5, (i) => i),
  )
  const half = bench.store.define(gauge('moved', 30))
  expect(half).not.toBe(minute)
  await bench.feed(
    half,
    series(noon - 300, 30, 10, (i) => 10 + i),
  )
  const rows = bench.read('moved', noon - 600, noon - 30)
  expect(rows).toEqual([...series(noon - 600, 60, 5, (i) => i), ...series(noon - 300, 30, 10, (i) => 10 + i)])
  expect(bench.store.last('e', 'moved')).toMatchObject({ step: 30, value: 19 })
  const rate = bench.store.define(derive('moved', 30))
  await bench.feed(
    rate,
    series(noon, 30, 3, (i) => i * 60),
  )
  expect(bench.store.query({ ...request('moved', noon - 30, noon + 60) })).toMatchObject({ kind: 'DERIVE', step: 30 })
  expect(bench.read('moved', noon - 60, noon + 60).slice(-4)).toEqual([
    [noon - 30, 19],
    [noon, null],
    [noon + 30, 2],
    [noon + 60, 2],
  ])
  const found = await bench.store.searchCounters({
    endpointIds: [bench.store.endpoints(['e'])[0]?.id ?? 0],
    name: () => true,
    page: 1,
    limit: 10,
  })
  expect(found).toMatchObject([{ counter: 'moved', step: 30, kind: 'DERIVE' }])
})

test('what cannot be stored is refused with its reason', async () => {
  const bench = await createBench(noon, { mostSeries: 1 })
  const slot = bench.store.define(gauge('only'))
  expect(bench.store.append(slot, noon, NaN)).toBe('nan')
  expect(bench.store.append(slot, noon + 86_460, 1)).toBe('future')
  expect(bench.store.append(slot, NaN, 1)).toBe('future')
  expect(bench.store.append(slot, noon - 31 * 86_400, 1)).toBe('old')
  expect(bench.store.append(slot, -60, 1)).toBe('old')
  expect(bench.store.define(gauge('second'))).toBe(-1)
  expect(bench.store.append(-1, noon, 1)).toBe('limit')
  expect(bench.store.append(slot, noon, 1)).toBeUndefined()
})

test('the newest two points are known, also after a restart and after segments', async () => {
  const bench = await createBench(noon)
  const slot = bench.store.define(derive('last'))
  expect(bench.store.last('e', 'last')).toBeUndefined()
  await bench.feed(slot, [
    [noon - 120, 5],
    [noon, 17],
    [noon - 60, 11],
  ])
  const expected = {
    timestamp: noon,
    value: 17,
    previous: { timestamp: noon - 60, value: 11 },
    kind: 'DERIVE',
    step: 60,
  }
  expect(bench.store.last('e', 'last')).toEqual(expected)
  await bench.reopen()
  expect(bench.store.last('e', 'last')).toEqual(expected)
  bench.clock = noon + 7200
  await bench.store.maintain()
  await bench.reopen()
  expect(bench.store.last('e', 'last')).toEqual(expected)
})

test('a clock that was ahead once does not hide the points that are sent since', async () => {
  const bench = await createBench(noon)
  const slot = bench.store.define({ endpoint: 'e', counter: 'c', kind: 'DERIVE', step: 60 })
  await bench.feed(slot, [
    [noon - 120, 5],
    [noon + 80_000, 7],
  ])
  expect(bench.store.last('e', 'c')).toMatchObject({ timestamp: noon - 120, value: 5, previous: undefined })
  await bench.feed(slot, [
    [noon - 60, 6],
    [noon, 9],
  ])
  const expected = { kind: 'DERIVE', step: 60, timestamp: noon, value: 9, previous: { timestamp: noon - 60, value: 6 } }
  expect(bench.store.last('e', 'c')).toEqual(expected)
  await bench.reopen()
  expect(bench.store.last('e', 'c')).toEqual(expected)
  expect(bench.read('c', noon - 120, noon).map(([, value]) => value)).toEqual([null, 1 / 60, 0.05])
})

test('deleted series are gone for good, and come back empty when they are sent again', async () => {
  const bench = await createBench(noon)
  const slot = bench.store.define(gauge('gone'))
  const other = bench.store.define(gauge('stays'))
  await bench.feed(
    slot,
    series(noon - 600, 60, 10, () => 1),
  )
  await bench.feed(
    other,
    series(noon - 600, 60, 10, () => 2),
  )
  expect(await bench.store.deleteCounters(['e', 'x'], ['gone', 'never'])).toBe(1)
  expect(bench.read('gone', noon - 600, noon)).toEqual([])
  await bench.reopen()
  expect(bench.read('gone', noon - 600, noon)).toEqual([])
  expect(bench.events).toEqual([])
  // The slot of a connection that stayed open.
  await bench.store.deleteEndpoints([])
  const again = bench.store.define(gauge('gone'))
  await bench.store.deleteCounters(['e'], ['gone'])
  await bench.feed(again, [[noon, 7]])
  expect(bench.read('gone', noon - 60, noon)).toEqual([
    [noon - 60, null],
    [noon, 7],
  ])
  expect(await bench.store.deleteEndpoints(['e', 'unknown'])).toEqual({ endpoints: 1, counters: 2 })
  expect(bench.store.stats()).toMatchObject({ series: 0, endpoints: 0 })
})

test(
  'whole segments go when they are older than what is kept, and idle series are forgotten',
  { timeout: 30_000 },
  async () => {
    const day = 86_400
    const bench = await createBench(noon, { rawRetentionSeconds: 3 * day, expireSeconds: 10 * day })
    const slot = bench.store.define(gauge('old'))
    const busy = bench.store.define(gauge('busy'))
    for (let hours = 0; hours < 24 * 12; hours += 2) {
      bench.clock = noon + (hours + 2) * 3600
      if (hours < 4)
        await bench.feed(
          slot,
          series(noon + hours * 3600, 60, 120, () => 5),
        )
      await bench.feed(
        busy,
        series(noon + hours * 3600, 600, 12, () => 6),
      )
      await bench.store.maintain()
    }
    expect(bench.events).toContainEqual({ what: 'expired', series: 1 })
    expect(bench.store.last('e', 'old')).toBeUndefined()
    expect(bench.read('busy', noon, noon + 7200, { width: 1 }).every(([, value]) => value === null)).toBe(true)
    expect(bench.read('busy', noon + 3600, noon + 10_800, { width: 180 })).toEqual([[noon + 10_800, 6]])
    expect(bench.store.stats().segments).toBeLessThan(150)
  },
)

test('when memory is full, windows are written early; when that does not help, points are turned away', async () => {
  const bench = await createBench(noon, { headBytes: 20_000 })
  const slots = Array.from({ length: 600 }, (_, i) => bench.store.define(gauge(`c${i}`)))
  for (const slot of slots) bench.store.append(slot, noon - 60, slot)
  await bench.store.commit()
  expect(bench.store.overloaded()).toMatch(/MiB of points wait to be written to disk/)
  await bench.store.maintain()
  expect(bench.store.overloaded()).toBeUndefined()
  expect(bench.store.stats()).toMatchObject({ headBytes: 0 })
  // The rest of the same window.
  await bench.feed(slots[599] ?? -1, [[noon, 7]])
  await bench.reopen()
  expect(bench.read('c599', noon - 61, noon)).toEqual([
    [noon - 60, 599],
    [noon, 7],
  ])
})

test('two stores cannot share a folder', async () => {
  const bench = await createBench(noon)
  await expect(openStore({ dir: bench.dir, now: () => noon, onEvent: () => undefined })).rejects.toThrow(
    /another running process uses it/,
  )
})

test('more points than allowed come coarser, and never more than that', async () => {
  const bench = await createBench(noon)
  const slot = bench.store.define(gauge('many'))
  await bench.feed(
    slot,
    series(noon - 86_400, 60, 1440, (i) => i),
  )
  expect(bench.read('many', noon - 86_400, noon, { mostPoints: 300 })).toHaveLength(289)
  expect(() => bench.read('many', noon - 86_400, noon, { width: 1, mostPoints: 300 })).toThrow(/at most 300/)
})

function request(counter: string, start: number, end: number) {
  return { endpoint: 'e', counter, consolidation: 'AVERAGE' as const, start, end, mostPoints: 1e6 }
}
