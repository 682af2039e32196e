import { expect, test } from 'vitest'
import { createSeriesCache } from './series-cache.ts'
import type { Route, SeriesCache } from './series-cache.ts'

const item = (
  members: { endpoint?: string; metric?: string; tags?: string; step?: number; counterType?: string } = {},
) => ({
  endpoint: 'h',
  metric: 'm',
  value: 1,
  step: 60,
  counterType: 'GAUGE',
  tags: '',
  timestamp: 0,
  ...members,
})

function setup(max = 100) {
  const forgotten: string[] = []
  let number = 0
  const cache = createSeriesCache({
    max,
    create: ({ endpoint, metric, tags, counterType, step }): Route => ({
      counterType,
      sentStep: step,
      series: { endpoint, metric, tags, counterType: 'GAUGE', step, number: number++ },
      targets: [],
      watch: undefined,
    }),
    forgotten: ({ route: { series } }) => forgotten.push(`${series.endpoint}/${series.metric}/${series.tags}`),
  })
  return { cache, forgotten, created: () => number }
}

function sweep(cache: SeriesCache): void {
  for (const step of cache.sweep()) expect(step).toBeUndefined()
}

test('the same names give the same route; any other name, type or step another', () => {
  const { cache, created } = setup()
  const distinct = [
    item(),
    item({ endpoint: 'h2' }),
    item({ metric: 'm2' }),
    item({ tags: 'a=1' }),
    item({ step: 30 }),
    item({ counterType: 'COUNTER' }),
    item({ tags: 'a=1', step: 30 }),
  ]
  const routes = distinct.map((one) => cache.routeOf(one))
  expect(new Set(routes).size).toBe(distinct.length)
  expect(distinct.map((one) => cache.routeOf(one))).toEqual(routes)
  expect(created()).toBe(distinct.length)
  expect(cache.size).toBe(distinct.length)
  expect(cache.routesOf('h', 'm')).toHaveLength(5)
  expect(cache.routesOf('h', 'none')).toEqual([])
})

test('what was not seen between two sweeps is forgotten, the rest stays', () => {
  const { cache, forgotten, created } = setup()
  const quiet = [item(), item({ metric: 'q' }), item({ tags: 'a=1' }), item({ endpoint: 'gone', tags: 'x=1' })]
  const busy = [item({ step: 30 }), item({ tags: 'b=1' }), item({ endpoint: 'h3' })]
  for (const one of [...quiet, ...busy]) cache.routeOf(one)
  sweep(cache)
  expect(forgotten).toEqual([])
  for (const one of busy) cache.routeOf(one)
  sweep(cache)
  expect(forgotten.toSorted()).toEqual(['gone/m/x=1', 'h/m/', 'h/m/a=1', 'h/q/'])
  expect(cache.size).toBe(busy.length)
  for (const one of busy) cache.routeOf(one)
  expect(created()).toBe(quiet.length + busy.length)
  cache.routeOf(item({ endpoint: 'gone', tags: 'x=1' }))
  expect(cache.size).toBe(busy.length + 1)
})

test('series beyond the limit get no route, and room made by a sweep is used again', () => {
  const { cache } = setup(2)
  expect(cache.routeOf(item({ metric: 'a' }))).toBeDefined()
  expect(cache.routeOf(item({ metric: 'b' }))).toBeDefined()
  for (let i = 0; i < 1000; i++) expect(cache.routeOf(item({ endpoint: `e${i}` }))).toBeUndefined()
  expect(cache.routeOf(item({ metric: 'a' }))).toBeDefined()
  sweep(cache)
  sweep(cache)
  expect(cache.size).toBe(0)
  expect(cache.routeOf(item({ metric: 'c' }))).toBeDefined()
})

test('a sweep of many series pauses, and series may come meanwhile', () => {
  const { cache } = setup(100_000)
  for (let i = 0; i < 20_000; i++) cache.routeOf(item({ metric: `m${i}` }))
  sweep(cache)
  let pauses = 0
  for (const step of cache.sweep()) {
    expect(step).toBeUndefined()
    cache.routeOf(item({ metric: `new${pauses++}` }))
  }
  expect(pauses).toBeGreaterThanOrEqual(4)
  expect(cache.size).toBe(pauses)
  cache.clear()
  expect(cache.size).toBe(0)
})

test('the order of senders is followed, and a break in it finds the same routes', () => {
  const { cache, created } = setup()
  const items = ['a', 'b', 'c'].flatMap((metric) => [item({ metric }), item({ metric, tags: 'x=1' })])
  const routes = items.map((one) => cache.routeOf(one))
  for (const order of [items, items.toReversed(), [...items.slice(3), ...items.slice(0, 3)], items])
    expect(order.map((one) => cache.routeOf(one))).toEqual(order.map((one) => routes[items.indexOf(one)]))
  expect(created()).toBe(items.length)
})

test('a forgotten series that used to follow another is made anew', () => {
  const { cache, created } = setup()
  const [stays, goes] = [item({ metric: 'stays' }), item({ metric: 'goes' })]
  for (const one of [stays, goes, stays, goes]) cache.routeOf(one)
  sweep(cache)
  cache.routeOf(stays)
  sweep(cache)
  expect(cache.size).toBe(1)
  for (const one of [stays, goes]) cache.routeOf(one)
  expect(created()).toBe(3)
  expect(cache.routesOf('h', 'goes')).toHaveLength(1)
})
