import { expect, test } from 'vitest'
import { createWatches } from './watches.ts'

const values = (rows: { Value: { value: number } }[]) => rows.map((row) => row.Value.value)

test('a trace begins with the first call and shows the latest three, newest first', () => {
  const begun: string[] = []
  const watches = createWatches((endpoint, metric) => begun.push(`${endpoint}/${metric}`))
  expect(watches.of('h', 'm', 'a=1,b=2')).toBeUndefined()
  expect(watches.trace('h', 'm', 'b=2,a=1')).toEqual([])
  expect(begun).toEqual(['h/m'])
  for (const value of [1, 2, 3, 4]) watches.of('h', 'm', 'a=1,b=2')?.saw(60 * value, 60, value, 'GAUGE')
  expect(values(watches.trace('h', 'm', 'a=1,b=2'))).toEqual([4, 3, 2])
  expect(watches.trace('h', 'm', 'a=1,b=2')[0]).toEqual({
    Value: {
      metric: 'm',
      endpoint: 'h',
      timestamp: 240,
      step: 60,
      value: 4,
      counterType: 'GAUGE',
      tags: { a: '1', b: '2' },
    },
  })
})

test('a filter keeps the latest five that compare as asked, beside others of the same series', () => {
  const watches = createWatches(() => undefined)
  const above = () => watches.filter('h', 'm', '', 'gt', 3)
  const equal = () => watches.filter('h', 'm', '', 'eq', 3)
  expect(above()).toEqual({ ok: true, value: [] })
  expect(equal()).toEqual({ ok: true, value: [] })
  for (let value = 0; value < 10; value++) watches.of('h', 'm', '')?.saw(0, 60, value, 'GAUGE')
  const rows = (reading: ReturnType<typeof above>) => (reading.ok ? values(reading.value) : reading.reason)
  expect(rows(above())).toEqual([9, 8, 7, 6, 5])
  expect(rows(equal())).toEqual([3])
})

test('an operator that does not exist is named, also one that every object has', () => {
  const watches = createWatches(() => undefined)
  expect(watches.filter('h', 'm', '', 'xx', 0)).toEqual({ ok: false, reason: 'bad opt: xx' })
  expect(watches.filter('h', 'm', '', 'toString', 0)).toEqual({ ok: false, reason: 'bad opt: toString' })
})

test('only the series asked for last are watched', () => {
  const watches = createWatches(() => undefined, 2)
  for (const metric of ['a', 'b', 'c']) watches.trace('h', metric, '')
  expect(['a', 'b', 'c'].map((metric) => watches.of('h', metric, '') !== undefined)).toEqual([false, true, true])
})
