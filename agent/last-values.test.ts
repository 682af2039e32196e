import { expect, test } from 'vitest'
import { counter, gauge } from './collectors/collector.ts'
import { createLastValues } from './last-values.ts'

test('the newest value counts, rates are between two of a counter, and a reset has none', () => {
  let steadyMs = 0
  const values = createLastValues(60_000, undefined, () => steadyMs)
  values.record([gauge('g', 1), counter('c', 100, 'a=1')], 1000)
  expect(values.list().map(({ perSecond }) => perSecond)).toEqual([undefined, undefined])
  steadyMs = 2000
  values.record([gauge('g', 2), counter('c', 160, 'a=1')], 3000)
  expect(values.value('g')).toBe(2)
  expect(values.value('c', 'a=1')).toBe(160)
  expect(values.value('c')).toBeUndefined()
  expect(values.list('c')[0]?.perSecond).toBe(30)
  steadyMs = 3000
  values.record([counter('c', 5, 'a=1')], 4000)
  expect(values.list('c')[0]?.perSecond).toBeUndefined()
})

test.each([3_600_000, -3_600_000])('a clock set by %i ms makes no rate wrong', (setMs) => {
  let steadyMs = 0
  const values = createLastValues(60_000, undefined, () => steadyMs)
  values.record([counter('c', 100)], 0)
  steadyMs = 2000
  values.record([counter('c', 160)], 2000 + setMs)
  expect(values.list('c')).toMatchObject([{ atMs: 2000 + setMs, perSecond: 30 }])
})

test('what is silent for long is forgotten', () => {
  const values = createLastValues(60_000)
  values.record([gauge('old', 1)], 0)
  values.record([gauge('new', 1)], 60_001)
  expect(values.list().map(({ sample }) => sample.metric)).toEqual(['new'])
})
