import { expect, test } from 'vitest'
import { counter, gauge } from './collectors/collector.ts'
import { createLastValues } from './last-values.ts'

test('the newest value counts, rates are between two of a counter, and a reset has none', () => {
  const values = createLastValues(60_000)
  values.record([gauge('g', 1), counter('c', 100, 'a=1')], 1000)
  expect(values.list().map(({ perSecond }) => perSecond)).toEqual([undefined, undefined])
  values.record([gauge('g', 2), counter('c', 160, 'a=1')], 3000)
  expect(values.value('g')).toBe(2)
  expect(values.value('c', 'a=1')).toBe(160)
  expect(values.value('c')).toBeUndefined()
  expect(values.list('c')[0]?.perSecond).toBe(30)
  values.record([counter('c', 5, 'a=1')], 4000)
  expect(values.list('c')[0]?.perSecond).toBeUndefined()
})

test('what is silent for long is forgotten', () => {
  const values = createLastValues(60_000)
  values.record([gauge('old', 1)], 0)
  values.record([gauge('new', 1)], 60_001)
  expect(values.list().map(({ sample }) => sample.metric)).toEqual(['new'])
})
