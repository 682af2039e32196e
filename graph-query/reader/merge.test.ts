import { expect, test } from 'vitest'
import type { History } from '../store/types.ts'
import { isComplete, mergeHistories, newestOf } from './merge.ts'

const raw = (kind: 'GAUGE' | 'DERIVE', values: number[]): History => ({
  kind,
  step: 60,
  runs: [{ first: 600, interval: 60, values: Float64Array.from(values) }],
})
const coarse = (values: number[], counts: number[]): History => ({
  kind: 'GAUGE',
  step: 60,
  runs: [{ first: 600, interval: 300, values: Float64Array.from(values), counts: Float64Array.from(counts) }],
})
const valuesOf = (history: History | undefined) => [...(history?.runs[0]?.values ?? [])]

test('of two coarse rows the one made from more points counts, of equals the first', () => {
  const merged = mergeHistories([coarse([1, 2, NaN], [5, 3, NaN]), coarse([9, 8, 7], [5, 4, 1])])
  expect(valuesOf(merged)).toEqual([1, 8, 7])
  expect([...(merged?.runs[0]?.counts ?? [])]).toEqual([5, 4, 1])
})

test('of a coarse row whose points are in two places the average is that of all, and the extremes too', () => {
  const [old, present] = [coarse([1, 2, NaN, 8], [5, 3, NaN, 4]), coarse([NaN, 7, 6, 3], [NaN, 2, 5, 3])]
  const merged = (consolidation: 'AVERAGE' | 'MAX' | 'MIN', disjoint: boolean) =>
    mergeHistories([old, present], { consolidation, disjoint })
  expect(valuesOf(merged('AVERAGE', true))).toEqual([1, 4, 6, 8])
  expect([...(merged('AVERAGE', true)?.runs[0]?.counts ?? [])]).toEqual([5, 5, 5, 4])
  expect(valuesOf(merged('AVERAGE', false))).toEqual([1, 2, 6, 8])
  for (const disjoint of [true, false]) {
    expect(valuesOf(merged('MAX', disjoint))).toEqual([1, 7, 6, 8])
    expect(valuesOf(merged('MIN', disjoint))).toEqual([1, 2, 6, 3])
  }
})

test('a rate over a gap gives way to the rate of whoever has no gap there', () => {
  expect(valuesOf(mergeHistories([raw('DERIVE', [1, NaN, 1.5, 4]), raw('DERIVE', [9, 2, 3, 9])]))).toEqual([1, 2, 3, 4])
  expect(valuesOf(mergeHistories([raw('GAUGE', [1, NaN, 1.5, 4]), raw('GAUGE', [9, 2, 3, 9])]))).toEqual([1, 2, 1.5, 4])
})

test('a place that knows nothing of the range does not say what the series is', () => {
  const other: History = { kind: 'DERIVE', step: 30, runs: [] }
  expect(mergeHistories([other, raw('GAUGE', [5])])).toMatchObject({ kind: 'GAUGE', step: 60 })
})

test('an answer is complete when every row that can be known by now is known in full', () => {
  const range = { endpoint: 'e', counter: 'c', consolidation: 'AVERAGE', start: 600, end: 780, mostPoints: 9 } as const
  expect(isComplete(raw('GAUGE', [1, 2, NaN, NaN]), range, 780)).toBe(true)
  expect(isComplete(raw('GAUGE', [1, 2, NaN, NaN]), range, 839)).toBe(true)
  expect(isComplete(raw('GAUGE', [1, 2, NaN, NaN]), range, 840)).toBe(false)
  expect(isComplete(raw('GAUGE', [NaN, 2, 3, 4]), range, 840)).toBe(false)
  expect(isComplete(coarse([1, 2], [5, 4]), { ...range, end: 900 }, 5000)).toBe(false)
  expect(isComplete(coarse([1, 2], [5, 5]), { ...range, end: 900 }, 5000)).toBe(true)
  expect(isComplete(undefined, range, 840)).toBe(false)
})

test('the newest two points are taken together from wherever they are', () => {
  const last = (timestamp: number, previous: number) =>
    ({
      kind: 'GAUGE',
      step: 60,
      timestamp,
      value: timestamp,
      previous: { timestamp: previous, value: previous },
    }) as const
  expect(newestOf([last(180, 60), last(120, 60)])).toMatchObject({ timestamp: 180, previous: { timestamp: 120 } })
  expect(newestOf([])).toBeUndefined()
})
