import { expect, test } from 'vitest'
import { createSeriesTable } from './series-table.ts'

test('equal members are one series, any other member makes another, numbered from 0', () => {
  const table = createSeriesTable()
  const first = table.intern('h', 'm', '', 'GAUGE', 60)
  const others = [
    table.intern('h2', 'm', '', 'GAUGE', 60),
    table.intern('h', 'm2', '', 'GAUGE', 60),
    table.intern('h', 'm', 'a=1', 'GAUGE', 60),
    table.intern('h', 'm', '', 'COUNTER', 60),
    table.intern('h', 'm', '', 'GAUGE', 30),
  ]
  expect([first, ...others].map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5])
  expect(table.intern('h', 'm', '', 'GAUGE', 60)).toBe(first)
  expect(table.intern('h', 'm', '', 'GAUGE', 30)).toBe(others[4])
  expect(table.size).toBe(6)
})

test('a step that the wire cannot carry is refused', () => {
  const table = createSeriesTable()
  for (const step of [0, -1, 1.5, 2 ** 32, Number.NaN])
    expect(() => table.intern('h', 'm', '', 'GAUGE', step), String(step)).toThrow(RangeError)
  expect(table.size).toBe(0)
})

test('a forgotten series comes back with a new number, its siblings stay', () => {
  const table = createSeriesTable()
  const gone = table.intern('h', 'm', '', 'GAUGE', 60)
  const variant = table.intern('h', 'm', '', 'GAUGE', 30)
  const tagged = table.intern('h', 'm', 'a=1', 'GAUGE', 60)
  table.forget(gone)
  table.forget(gone)
  expect(table.size).toBe(2)
  expect(table.intern('h', 'm', '', 'GAUGE', 30)).toBe(variant)
  expect(table.intern('h', 'm', 'a=1', 'GAUGE', 60)).toBe(tagged)
  const back = table.intern('h', 'm', '', 'GAUGE', 60)
  expect(back.number).toBe(3)
  table.forget(gone)
  expect(table.intern('h', 'm', '', 'GAUGE', 60)).toBe(back)
})

test('when the last series of an endpoint is forgotten, later ones are found again all the same', () => {
  const table = createSeriesTable()
  table.forget(table.intern('h', 'm', '', 'GAUGE', 60))
  expect(table.size).toBe(0)
  const first = table.intern('h', 'm', '', 'GAUGE', 60)
  table.intern('other', 'm', '', 'GAUGE', 60)
  expect(table.intern('h', 'm', '', 'GAUGE', 60)).toBe(first)
})
