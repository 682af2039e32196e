import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createBench, series } from './store-under-test.contract.ts'
import type { Bench } from './store-under-test.contract.ts'

const slow = { timeout: 60_000 }
const noon = 1_795_176_000
const day = 86_400
const step = 300

/** A bench with `days` days of a gauge and a counter, maintained as they come. Archives are of an hour and of a day. */
async function filled(days: number, rawDays: number, archives = [hours(200), daily(400)]): Promise<Bench> {
  const bench = await createBench(noon, { archives, rawRetentionSeconds: rawDays * day })
  await feedDays(bench, days)
  return bench
}

async function feedDays(bench: Bench, days: number): Promise<void> {
  for (let i = 0; i < days * 2; i++) {
    for (const [counter, kind] of [
      ['gauge', 'GAUGE'],
      ['derive', 'DERIVE'],
    ] as const) {
      const slot = bench.store.define({ endpoint: 'e', counter, kind, step })
      const value = (k: number) => (kind === 'GAUGE' ? valueAt(bench.clock + k * step) : (bench.clock + k * step) * 3)
      await bench.feed(slot, series(bench.clock, step, day / 2 / step, value))
    }
    bench.clock += day / 2
    if (i % 6 === 5) await bench.store.maintain()
  }
  await bench.store.maintain()
}

const valueAt = (time: number) => (time / step) % 97
const hours = (rows: number) => ({ steps: 12, rows })
const daily = (rows: number) => ({ steps: 288, rows })

/** The average of the gauge over the `width` steps that end at a time. */
function averageAt(time: number, width: number): number {
  let sum = 0
  for (let i = 0; i < width; i++) sum += valueAt(time - i * step)
  return sum / width
}

function expectRows(rows: [number, number | null][], width: number): void {
  expect(rows.length).toBeGreaterThan(0)
  for (const [time, value] of rows) expect(value, `row at ${time}`).toBeCloseTo(averageAt(time, width), 9)
}

const names = (bench: Bench, width: number) =>
  readdirSync(join(bench.dir, `step-${step}`)).filter((name) => name.startsWith(`${width}-`))

test('an archive that is added has its rows from raw points as far back as those reach', slow, async () => {
  const bench = await filled(12, 30, [daily(400)])
  const archives = [{ steps: 24, rows: 120 }, daily(400)]
  const before = bench.read('gauge', noon + day, bench.clock, { width: 288 })
  await bench.reopen({ archives })
  // At once from raw points, then stored.
  expectRows(bench.read('gauge', bench.clock - 9.5 * day, bench.clock - day, { width: 24 }), 24)
  await bench.store.maintain()
  expect(names(bench, 24).length).toBeGreaterThan(0)
  const rows = bench.read('gauge', bench.clock - 9.5 * day, bench.clock - day, { width: 24 })
  expect(rows.length).toBe(8.5 * 12 + 1)
  expectRows(rows, 24)
  expect(
    bench.read('derive', bench.clock - 9.5 * day, bench.clock - day, { width: 24 }).every(([, rate]) => rate === 3),
  ).toBe(true)
  expect(bench.read('gauge', noon + day, bench.clock, { width: 288 })).toEqual(before)
  await bench.reopen({ archives })
  expect(bench.read('gauge', bench.clock - 9.5 * day, bench.clock - day, { width: 24 })).toEqual(rows)
})

test('an archive that is added has its older rows from a finer archive where raw points are gone', slow, async () => {
  const bench = await filled(20, 7, [hours(900)])
  expect(bench.read('gauge', noon, noon + 5 * day, { width: 1 }).every(([, value]) => value === null)).toBe(true)
  const archives = [hours(900), { steps: 72, rows: 300 }]
  await bench.reopen({ archives })
  expectRows(bench.read('gauge', noon + 6 * 3600, bench.clock - day, { width: 72 }), 72)
  await bench.store.maintain()
  expect(names(bench, 72).length).toBeGreaterThan(0)
  expectRows(bench.read('gauge', noon + 6 * 3600, bench.clock - day, { width: 72 }), 72)
})

test(
  'rows of an archive that is no longer configured answer where no other reaches, until their own time is over',
  slow,
  async () => {
    const bench = await filled(30, 7)
    const ask = () => bench.read('gauge', noon + day, bench.clock - day)
    const before = ask()
    // Nothing finer reaches back thirty days.
    expect(before.map(([time]) => time - noon).slice(0, 2)).toEqual([1.5 * day, 2.5 * day])
    expectRows(before, 288)
    const archives = [hours(200)]
    await bench.reopen({ archives })
    expect(ask()).toEqual(before)
    await bench.store.maintain()
    await bench.reopen({ archives })
    expect(ask()).toEqual(before)
    // What the configured archive reaches, it answers.
    const recent = bench.read('gauge', bench.clock - 8 * day, bench.clock - 7 * day)
    expect(recent.map(([time]) => time).slice(0, 2)).toEqual([bench.clock - 8 * day, bench.clock - 8 * day + 3600])
    const stored = names(bench, 288).length
    expect(stored).toBeGreaterThan(0)
    // Once 400 days are over the files are gone.
    bench.clock += 800 * day
    await bench.store.maintain()
    expect(names(bench, 288)).toEqual([])
  },
)

test('an archive that comes back goes on where it was', slow, async () => {
  const bench = await filled(10, 30)
  await bench.reopen({ archives: [hours(200)] })
  await feedDays(bench, 5)
  await bench.reopen({ archives: [hours(200), daily(400)] })
  await bench.store.maintain()
  expectRows(bench.read('gauge', noon + day, bench.clock - day, { width: 288 }), 288)
})

test('rows are kept longer when the configuration says so, older ones made anew; and shorter', slow, async () => {
  const bench = await filled(16, 30, [hours(48), daily(400)])
  const oldHours = () => bench.read('gauge', noon + 3600, bench.clock - 5 * day, { width: 12 })
  expect(oldHours().some(([, value]) => value === null)).toBe(true)
  await bench.reopen({ archives: [hours(900), daily(400)] })
  await bench.store.maintain()
  const rows = oldHours()
  expect(rows.length).toBe(11 * 24)
  expectRows(rows, 12)
  await bench.reopen({ archives: [hours(48), daily(400)], rawRetentionSeconds: 7 * day })
  await bench.store.maintain()
  expect(bench.read('gauge', noon, noon + 3 * day, { width: 1 }).every(([, value]) => value === null)).toBe(true)
  expect(bench.read('gauge', noon, noon + 3 * day, { width: 12 }).every(([, value]) => value === null)).toBe(true)
  expectRows(bench.read('gauge', noon + day, bench.clock - day), 288)
  expectRows(bench.read('gauge', bench.clock - 2 * day, bench.clock - step, { width: 1 }), 1)
})

test('a damaged list of archives is reported and written anew', slow, async () => {
  const bench = await filled(2, 30)
  const path = join(bench.dir, 'archives.json')
  const sound = readFileSync(path, 'utf8')
  await bench.store.close()
  writeFileSync(path, sound.slice(0, 20))
  await bench.reopen()
  expect(bench.events).toMatchObject([{ what: 'damaged', file: 'archives.json' }])
  expect(readFileSync(path, 'utf8')).toBe(sound)
})
