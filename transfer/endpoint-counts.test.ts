import { expect, test } from 'vitest'
import { countedSince, createEndpointCounts, endpointFigures } from './endpoint-counts.ts'

const start = 1_790_000_040

test('samples are counted by endpoint and minute, and forgotten after an hour', () => {
  const counts = createEndpointCounts()
  for (let minute = 0; minute < 90; minute++) {
    for (let i = 0; i < 3; i++) counts.add('a', start + 60 * minute)
    if (minute < 10) counts.add('b', start + 60 * minute)
  }
  const end = start + 60 * 89
  expect(counts.of('a', end)).toEqual({ received: 3, lastSeconds: end })
  expect(counts.of('a', end - 60 * 9)?.received).toBe(30)
  expect(counts.of('a', 0)?.received).toBe(180)
  expect(counts.of('b', start + 60 * 5)?.received).toBe(5)
  expect(counts.of('c', 0)).toBeUndefined()
})

test('minutes of silence are empty, also when more of them pass than are kept', () => {
  const counts = createEndpointCounts()
  counts.add('a', start)
  counts.add('a', start + 60 * 5)
  expect(counts.of('a', start)?.received).toBe(2)
  counts.add('a', start + 60 * 500)
  expect(counts.of('a', start)?.received).toBe(1)
  counts.add('a', start + 60 * 400)
  expect(counts.of('a', start)).toEqual({ received: 2, lastSeconds: start + 60 * 400 })
})

test('not more endpoints are counted than allowed: the one counted first goes', () => {
  const counts = createEndpointCounts(2)
  for (const name of ['a', 'b', 'c', 'b']) counts.add(name, start)
  expect(counts.of('a', 0)).toBeUndefined()
  expect(counts.of('b', 0)?.received).toBe(2)
  expect(counts.of('c', 0)?.received).toBe(1)
})

test('what is shown begins where counting began', () => {
  const counts = createEndpointCounts()
  counts.add('a', start + 60)
  const from = countedSince({ since: 0, started: start * 1000, now: (start + 120) * 1000 })
  const figures = (endpoint: string) => endpointFigures(counts.of(endpoint, from / 1000), from)
  expect(figures('a')).toEqual({
    'received since 2026-09-21T14:14:00Z': 1,
    'last heard': '2026-09-21T14:15:00Z',
  })
  expect(figures('b')).toEqual({ 'received since 2026-09-21T14:14:00Z': 0 })
})
