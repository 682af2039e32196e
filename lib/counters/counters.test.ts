import { expect, test } from 'vitest'
import { createCounters } from './counters.ts'

test('counts add up, gauges are read when asked for, and rows come sorted by name', () => {
  const counters = createCounters(() => Date.UTC(2026, 0, 2, 3, 4, 5))
  let depth = 3
  counters.gauge('Waiting', () => depth)
  counters.add('RecvCnt', 5)
  counters.add('RecvCnt')
  depth = 4
  expect(counters.values()).toEqual({ RecvCnt: 6, Waiting: 4 })
  expect(counters.rows().map(({ Name, Cnt }) => [Name, Cnt])).toEqual([
    ['RecvCnt', 6],
    ['Waiting', 4],
  ])
  expect(counters.get('Waiting')).toBe(4)
  expect(counters.get('never')).toBe(0)
})

test('the rate is what was added over the last window of at least a second', () => {
  let now = 0
  const counters = createCounters(() => now)
  const qps = () => counters.rows().find((row) => row.Name === 'RecvCnt')?.Qps
  counters.add('RecvCnt', 100)
  now = 500
  expect(qps()).toBe(0)
  now = 2000
  expect(qps()).toBe(50)
  now = 4000
  expect(qps()).toBe(0)
})

test('only counts have a rate', () => {
  const counters = createCounters()
  counters.gauge('Waiting', () => 1)
  expect(counters.rows()[0]).not.toHaveProperty('Qps')
})
