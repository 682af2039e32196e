import { expect, test } from 'vitest'
import type { ReceivedItem } from '#protocol'
import { createCounters } from '#lib/counters'
import { createIntake } from './intake.ts'

const nowSeconds = 1_795_191_360

function intake(defaultTags = '') {
  const held: ReceivedItem[] = []
  const counters = createCounters()
  const made = createIntake({
    fill: () => ({ endpoint: 'me', nowSeconds, defaultTags }),
    hold: async (items) => {
      held.push(...items)
      return true
    },
    counters,
  })
  return { held, counters, take: (text: string) => made.take(text, 'push', 'first value') }
}

const good = { endpoint: 'h', metric: 'm', value: 1, step: 60, counterType: 'GAUGE', tags: 'a=1', timestamp: 5 }

test('what is given is held as it is, what is missing is filled in', () => {
  const { take, held } = intake()
  expect(take(JSON.stringify([good, { metric: 'x', value: '2.5', step: 30, counterType: 'COUNTER' }]))).toEqual({
    ok: true,
    value: { accepted: 2, refused: [], safe: expect.any(Promise) as Promise<boolean> },
  })
  expect(held).toEqual([
    good,
    { endpoint: 'me', metric: 'x', value: '2.5', step: 30, counterType: 'COUNTER', tags: '', timestamp: nowSeconds },
  ])
})

test('a value that no depth of nesting can be written of costs only its item', () => {
  const { take, held } = intake()
  const deep = JSON.stringify({ ...good, value: 0 }).replace(
    '"value":0',
    `"value":${'['.repeat(200_000)}${']'.repeat(200_000)}`,
  )
  const taken = take(`[${deep},${JSON.stringify({ ...good, value: {} })},${JSON.stringify(good)}]`)
  expect(taken.ok && taken.value.refused.map(({ reason }) => reason)).toEqual([
    'not a value: an array',
    'not a value: an object',
  ])
  expect(held).toEqual([good])
})

test('a time in milliseconds is now, as it would be for transfer', () => {
  const { take, held } = intake()
  take(JSON.stringify([{ ...good, timestamp: nowSeconds * 1000 }]))
  expect(held[0]?.timestamp).toBe(nowSeconds)
})

test('default tags follow the given ones', () => {
  const { take, held } = intake('idc=z1')
  take(JSON.stringify([good, { ...good, tags: '' }]))
  expect(held.map(({ tags }) => tags)).toEqual(['a=1,idc=z1', 'idc=z1'])
})

test('each bad item is refused with its place, its name and the reason; the others are held', () => {
  const { take, held, counters } = intake()
  const items = [
    good,
    { ...good, value: true },
    null,
    { ...good, counterType: 'X' },
    { ...good, step: 0 },
    { ...good, timestamp: '1' },
    { ...good, metric: 'last' },
  ]
  const taken = take(JSON.stringify(items))
  expect(taken.ok && taken.value.accepted).toBe(2)
  expect(taken.ok && taken.value.refused.map(({ index, name, reason }) => `${index} ${name} ${reason}`)).toEqual([
    '1 h/m not a value: true',
    '2  null item',
    '3 h/m unknown counterType: "X"',
    '4 h/m step not positive: 0',
    '5 h/m json: cannot unmarshal string into Go struct field MetricValue.timestamp of type int64',
  ])
  expect(held.map(({ metric }) => metric)).toEqual(['m', 'last'])
  expect(counters.values()).toEqual({
    'received.push': 7,
    'refused.not a value': 1,
    'refused.null item': 1,
    'refused.unknown counterType': 1,
    'refused.step not positive': 1,
    'refused.undecodable item': 1,
  })
})

test('integers are judged as they are written, not as they are parsed', () => {
  const { take } = intake()
  const taken = take(JSON.stringify([good]).replace('"step":60', '"step":60.0'))
  expect(taken.ok && taken.value.refused[0]?.undecodable).toBe(true)
})

test('what is no array of items is named', () => {
  const { take } = intake()
  expect(take('hello')).toEqual({ ok: false, reason: 'it is not JSON' })
  expect(take('{}')).toEqual({ ok: false, reason: 'it is not an array of items' })
  expect(take('')).toMatchObject({ ok: false })
  expect(take('null')).toMatchObject({ ok: true, value: { accepted: 0, refused: [] } })
  expect(take('[] and more')).toMatchObject({ ok: true, value: { accepted: 0, refused: [] } })
})
