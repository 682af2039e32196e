import { expect, test } from 'vitest'
import { setImmediate } from 'node:timers/promises'
import { createCounters } from '#lib/counters'
import type { Destinations } from './destinations.ts'
import { createEndpointCounts } from './endpoint-counts.ts'
import { createIntake } from './intake.ts'
import { createRejected } from './rejected.ts'
import { createSeriesCache } from './series-cache.ts'

test('a call of very many items lets others have their turn, and is answered for all of them', async () => {
  const counters = createCounters()
  let added = 0
  const destinations: Pick<Destinations, 'addPicked'> = {
    addPicked(_target, _from, _picked, count, into) {
      added += count
      into({ settled: Promise.resolve() })
    },
  }
  const intake = createIntake({
    counts: createEndpointCounts(),
    routes: createSeriesCache({
      max: 10,
      create: ({ endpoint, metric, tags, step }) => ({
        counterType: 'GAUGE',
        sentStep: step,
        series: { number: 0, endpoint, metric, tags, step, counterType: 'GAUGE' },
        targets: [0],
        watch: undefined,
      }),
      forgotten: () => undefined,
    }),
    destinations: destinations as Destinations,
    rejected: createRejected(counters, 1, Date.now),
    counters,
    now: Date.now,
  })
  const item = { endpoint: 'h', metric: 'm', value: 1, step: 60, counterType: 'GAUGE', tags: '', timestamp: 1 }
  const total = 100_000
  const taking = intake.take(
    Array.from({ length: total }, () => item),
    'Rpc',
    '10.0.0.1',
  )
  await setImmediate()
  expect(added).toBeGreaterThan(0)
  expect(added).toBeLessThan(total)
  expect(await taking).toMatchObject({ Total: total, Invalid: 0 })
  expect(added).toBe(total)
})
