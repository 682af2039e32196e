import { expect, test } from 'vitest'
import { alignDown, graphItemOf, judgeItemOf, numberOf, refusalOf, saneTimestamp } from './item.ts'
import type { ReceivedItem } from './item.ts'

const good: ReceivedItem = {
  endpoint: 'h',
  metric: 'm',
  value: 1,
  step: 60,
  counterType: 'GAUGE',
  tags: '',
  timestamp: 1700000000,
}

test('each rule has its own reason, and the first broken one is named', () => {
  expect(refusalOf(good)).toBeUndefined()
  expect(refusalOf(null)).toBe('null item')
  expect(refusalOf({ ...good, metric: 'kernel.hostname' })).toBe('kernel.hostname')
  expect(refusalOf({ ...good, metric: '', endpoint: '' })).toBe('no metric')
  expect(refusalOf({ ...good, endpoint: '', step: 0 })).toBe('no endpoint')
  expect(refusalOf({ ...good, counterType: 'gauge' })).toBe('unknown counterType')
  for (const value of ['', 'abc', null, true, [], {}, '1e400'])
    expect(refusalOf({ ...good, value }), JSON.stringify(value)).toBe('not a value')
  expect(refusalOf({ ...good, step: 0 })).toBe('step not positive')
  expect(refusalOf({ ...good, metric: 'x'.repeat(500), tags: 'a=xxxxxxxxx' })).toBe('metric and tags too long')
})

test('510 bytes of metric and raw tags pass, in any script, and 511 do not', () => {
  expect(refusalOf({ ...good, metric: 'x'.repeat(500), tags: 'a=xxxxxxxx' })).toBeUndefined()
  expect(refusalOf({ ...good, metric: '指'.repeat(170) })).toBeUndefined()
  expect(refusalOf({ ...good, metric: '指'.repeat(170), tags: 'a' })).toBe('metric and tags too long')
})

test('texts of numbers are values, NaN among them', () => {
  expect(numberOf('1_000')).toBe(1000)
  expect(numberOf('nan')).toBeNaN()
  expect(numberOf(true)).toBeUndefined()
  expect(refusalOf({ ...good, value: 'NaN' })).toBeUndefined()
})

test('a missing or absurd time is now, any other is kept and aligned down', () => {
  const now = 1700000030
  expect(saneTimestamp(0, now)).toBe(now)
  expect(saneTimestamp(-5, now)).toBe(now)
  expect(saneTimestamp(1700000000000, now)).toBe(now)
  expect(saneTimestamp(now * 2, now)).toBe(now * 2)
  expect(saneTimestamp(1, now)).toBe(1)
  expect(alignDown(1700000039, 60)).toBe(1699999980)
  expect(alignDown(1, 60)).toBe(0)
})

test('a counter becomes a rate for the graph and keeps its type for the judge', () => {
  const series = { endpoint: 'h', metric: 'm', tags: 'a=1,b=', counterType: 'COUNTER', step: 60 } as const
  expect(graphItemOf(series, 120, 5)).toEqual({
    endpoint: 'h',
    metric: 'm',
    tags: { a: '1', b: '' },
    value: 5,
    timestamp: 120,
    dstype: 'DERIVE',
    step: 60,
    heartbeat: 120,
    min: '0',
    max: 'U',
  })
  expect(graphItemOf({ ...series, counterType: 'GAUGE' }, 120, 5)).toMatchObject({ dstype: 'GAUGE', min: 'U' })
  expect(judgeItemOf(series, 120, 5)).toMatchObject({ judgeType: 'COUNTER', tags: { a: '1', b: '' } })
})
