import { expect, test } from 'vitest'
import { createCounters } from '#lib/counters'
import { createRejected } from './rejected.ts'

function setup(keep = 2) {
  const clock = { ms: 1_700_000_000_000 }
  const counters = createCounters()
  return { clock, counters, rejected: createRejected(counters, keep, () => clock.ms) }
}

test('each reason has its count and its own latest examples, the newest first', () => {
  const { clock, counters, rejected } = setup()
  for (const metric of ['a', 'b', 'c']) {
    rejected.add('no endpoint', '10.0.0.1', { metric })
    clock.ms += 1000
  }
  rejected.add('null item', '10.0.0.2', null)
  const report = rejected.report()
  expect(report['no endpoint']?.count).toBe(3)
  expect(report['no endpoint']?.examples.map((example) => example.item)).toEqual([{ metric: 'c' }, { metric: 'b' }])
  expect(report['null item']?.examples).toEqual([
    { reason: 'null item', peer: '10.0.0.2', time: 1_700_000_003, item: null },
  ])
  expect(counters.get('RejectedCnt')).toBe(4)
  expect(counters.get('Rejected.no_endpoint')).toBe(3)
})

test('a flood is counted whole while its examples change only now and then', () => {
  const { clock, rejected } = setup()
  for (let i = 0; i < 1000; i++) rejected.add('not a value', 'p', { i })
  expect(rejected.report()['not a value']?.count).toBe(1000)
  expect(rejected.report()['not a value']?.examples.map((example) => example.item)).toEqual([{ i: 1 }, { i: 0 }])
  clock.ms += 100
  rejected.add('not a value', 'p', { i: 'later' })
  expect(rejected.report()['not a value']?.examples[0]?.item).toEqual({ i: 'later' })
})

test('an example is small and can always be shown as JSON', () => {
  const { rejected } = setup()
  let deep: unknown = []
  for (let i = 0; i < 100_000; i++) deep = [deep]
  rejected.add('not a value', 'p', { metric: 'x'.repeat(1_000_000), value: deep, step: NaN })
  const [example] = rejected.report()['not a value']?.examples ?? []
  expect(JSON.stringify(example).length).toBeLessThan(1000)
  expect(example?.item).toMatchObject({ value: '(an array)', step: 'NaN' })
})
