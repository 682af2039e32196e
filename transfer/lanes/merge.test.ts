import { expect, test } from 'vitest'
import type { DestinationRow } from './faces.ts'
import { mergeDestinations, mergeReceived, mergeRejected, mergeSeen } from './merge.ts'

const row = (members: Partial<DestinationRow>): DestinationRow => ({
  ring: 'graph',
  node: 'graph-00',
  address: '127.0.0.1:6070',
  connected: true,
  queued: 1,
  inFlight: 2,
  spooled: { items: 3, bytes: 4, oldestSeconds: 5 },
  given: 6,
  inherited: 7,
  delivered: 8,
  refused: 9,
  returned: 10,
  dropped: { size: 11, age: 12, corrupt: 13 },
  lastError: undefined,
  lastRefusal: undefined,
  diskError: undefined,
  ...members,
})

test('destinations add up, an address is connected when all are, the oldest counts, an error of any is shown', () => {
  const other = row({ connected: false, spooled: { items: 0, bytes: 0, oldestSeconds: 50 }, lastError: 'refused' })
  expect(mergeDestinations([[row({})], [other]])).toEqual([
    row({
      connected: false,
      queued: 2,
      inFlight: 4,
      spooled: { items: 3, bytes: 4, oldestSeconds: 50 },
      given: 12,
      inherited: 14,
      delivered: 16,
      refused: 18,
      returned: 20,
      dropped: { size: 22, age: 24, corrupt: 26 },
      lastError: 'refused',
    }),
  ])
})

test('refusals add up by reason, with the latest examples', () => {
  const example = (time: number) => ({ reason: 'no metric', peer: 'p', time, item: {} })
  const merged = mergeRejected(
    [
      { 'no metric': { count: 5, examples: [example(9), example(1)] } },
      { 'no metric': { count: 2, examples: [example(7)] }, other: { count: 1, examples: [] } },
    ],
    2,
  )
  expect(merged).toEqual({
    'no metric': { count: 7, examples: [example(9), example(7)] },
    other: { count: 1, examples: [] },
  })
})

test('of what was seen the newest few, of what was received the sum and the last time', () => {
  const seen = (timestamp: number) => ({
    Value: { metric: 'm', endpoint: 'h', timestamp, step: 60, value: 1, counterType: 'GAUGE' as const, tags: {} },
  })
  expect(mergeSeen([[seen(3), seen(1)], [seen(2)]], 2)).toEqual([seen(3), seen(2)])
  expect(mergeReceived([undefined, { received: 2, lastSeconds: 5 }, { received: 3, lastSeconds: 4 }])).toEqual({
    received: 5,
    lastSeconds: 5,
  })
  expect(mergeReceived([undefined])).toBeUndefined()
})
