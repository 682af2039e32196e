import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { openBlockLog } from './block-log.ts'
import { openCatalog } from './catalog.ts'
import type { Catalog } from './catalog.ts'
import { createGrid } from './grid.ts'
import type { Grid } from './grid.ts'
import { layoutOf } from './layout.ts'
import { temporaryFolder } from './store-under-test.contract.ts'
import type { SeriesName } from './types.ts'

async function open(dir: string, mostSeries = 1e6) {
  const grids = new Map<number, Grid>()
  const gridFor = (step: number) => {
    const grid = grids.get(step) ?? createGrid(dir, layoutOf(step, [], 86_400))
    grids.set(step, grid)
    return grid
  }
  return openCatalog({ dir, mostSeries, gridFor })
}

const word = fc.constantFrom('a', 'b', 'cpu.idle', 'CPU.Idle', 'net.in/iface=eth0', '監視', 'İstanbul', 'ß', '')
const name = fc.record({
  endpoint: word,
  counter: word,
  kind: fc.constantFrom('GAUGE' as const, 'DERIVE' as const),
  step: fc.constantFrom(10, 60),
})
const act = fc.oneof(
  { weight: 8, arbitrary: fc.record({ act: fc.constant('define' as const), name }) },
  { weight: 5, arbitrary: fc.record({ act: fc.constant('forget' as const), pick: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('send' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('reload' as const) }) },
)

const keyOf = ({ endpoint, counter, kind, step }: SeriesName) => JSON.stringify([endpoint, counter, kind, step])

test('series are found as in a plain map, whatever is defined, deleted, sent again and read again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 120 }), async (acts) => {
      const dir = temporaryFolder()
      let { catalog } = await open(dir)
      const living = new Map<string, { readonly id: number; readonly name: SeriesName }>()
      /** Every number that was given out, with its name; those from before a reload are sent no more. */
      let sent: { readonly id: number; readonly name: SeriesName }[] = []
      const given = new Set<number>()
      const enter = (series: SeriesName, id: number) => {
        const known = living.get(keyOf(series))
        if (known) return expect(id).toBe(known.id)
        expect(given.has(id), `number ${id} a second time`).toBe(false)
        given.add(id)
        living.set(keyOf(series), { id, name: series })
        sent.push({ id, name: series })
      }
      for (const next of acts) {
        if (next.act === 'define') enter(next.name, catalog.define(next.name) ?? -1)
        else if (next.act === 'reload') {
          await catalog.registry.close()
          ;({ catalog } = await open(dir))
          sent = [...living.values()]
        } else {
          const one = sent[next.pick % sent.length]
          if (!one) continue
          if (next.act === 'send') enter(one.name, catalog.living(one.id))
          else if (living.get(keyOf(one.name))?.id === one.id) {
            catalog.forget(one.id)
            living.delete(keyOf(one.name))
            expect(catalog.wasDeleted(one.id)).toBe(true)
          }
        }
        compare(catalog, living)
      }
      await catalog.registry.close()
    }),
    { numRuns: 150 },
  )
})

function compare(catalog: Catalog, living: ReadonlyMap<string, { readonly id: number; readonly name: SeriesName }>) {
  const expected = [...living.values()].toSorted((a, b) => a.id - b.id)
  expect(catalog.size).toBe(expected.length)
  expect([...catalog.ids()]).toEqual(expected.map(({ id }) => id))
  const endpoints = new Set(expected.map((series) => series.name.endpoint))
  expect(catalog.index.endpointCount).toBe(endpoints.size)
  for (const endpoint of endpoints) {
    const number = catalog.index.endpoints.find(endpoint)
    const own = expected.filter((series) => series.name.endpoint === endpoint)
    expect([...catalog.index.seriesOf(number)]).toEqual(own.map(({ id }) => id))
    expect(catalog.index.byId(catalog.index.idOf(number))).toBe(number)
  }
  for (const { id, name: wanted } of expected) {
    expect(catalog.record(id)).toMatchObject({ id, ...wanted })
    expect(catalog.seriesAt(catalog.gridOf(id), catalog.placeOf(id))?.id).toBe(id)
    const same = expected.filter(
      ({ name: { endpoint, counter } }) => endpoint === wanted.endpoint && counter === wanted.counter,
    )
    expect(catalog.find(wanted.endpoint, wanted.counter).map((series) => series.id)).toEqual(
      same.map((series) => series.id),
    )
  }
}

test('a list in which most is deleted is rewritten, and neither numbers nor places are given out again', async () => {
  const dir = temporaryFolder()
  const first = await open(dir)
  const nameOf = (i: number) => ({ endpoint: 'e', counter: `c${i}`, kind: 'GAUGE' as const, step: 60 })
  for (let i = 0; i < 12_000; i++) first.catalog.define(nameOf(i))
  for (let i = 10; i < 12_000; i++) first.catalog.forget(i)
  await first.catalog.registry.close()
  const path = join(dir, 'series.log')
  const before = statSync(path).size
  // As after a death while it was being rewritten.
  writeFileSync(`${path}.tmp`, 'half a list')
  const { catalog, report } = await open(dir)
  expect(existsSync(`${path}.tmp`)).toBe(false)
  expect(statSync(path).size).toBeLessThan(before / 100)
  expect(report).toMatchObject({ skipped: 0, torn: 0 })
  expect([...catalog.ids()]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(catalog.wasDeleted(11_999)).toBe(true)
  expect(catalog.wasDeleted(12_000)).toBe(false)
  const id = catalog.define(nameOf(77)) ?? -1
  expect([id, catalog.placeOf(id)]).toEqual([12_000, 12_000])
  await catalog.registry.close()
})

test('a list of the first format is read', async () => {
  const dir = temporaryFolder()
  const log = await openBlockLog(join(dir, 'series.log'))
  const entries = [
    ['+', 0, 'e', 'a', 'GAUGE', 60, 0],
    ['+', 1, 'e', 'b', 'DERIVE', 30, 0],
    ['+', 2, '監', 'c', 'GAUGE', 60, 1],
    ['-', 0],
  ]
  await log.append(Buffer.from(JSON.stringify(entries)))
  await log.close()
  const { catalog } = await open(dir)
  onTestFinished(() => catalog.registry.close())
  expect([...catalog.ids()].map((id) => catalog.record(id))).toEqual([
    { id: 1, endpoint: 'e', counter: 'b', kind: 'DERIVE', step: 30, place: 0 },
    { id: 2, endpoint: '監', counter: 'c', kind: 'GAUGE', step: 60, place: 1 },
  ])
  expect(catalog.define({ endpoint: 'e', counter: 'a', kind: 'GAUGE', step: 60 })).toBe(3)
})
