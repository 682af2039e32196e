import { array, assert, double, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { createHistories } from './history.ts'
import type { History } from './history.ts'

const pointsOf = (history: History) =>
  Array.from({ length: history.count }, (_, i) => [history.timestampAt(i), history.valueAt(i)])

test('a ring holds the newest points, newest first, whatever was pushed', () => {
  assert(
    property(integer({ min: 1, max: 12 }), array(double({ noNaN: true }), { maxLength: 40 }), (capacity, values) => {
      const history = createHistories().take(capacity)
      values.forEach((value, i) => history.push(i + 1, value))
      const expected = values
        .map((value, i) => [i + 1, value])
        .toReversed()
        .slice(0, capacity)
      expect(pointsOf(history)).toEqual(expected)
      expect(history.newest).toBe(values.length)
    }),
  )
})

test('unpush is the exact opposite of push', () => {
  assert(
    property(
      integer({ min: 1, max: 6 }),
      integer({ min: 0, max: 20 }),
      integer({ min: 1, max: 6 }),
      (capacity, before, undone) => {
        const history = createHistories().take(capacity)
        for (let i = 1; i <= before; i++) history.push(i, -i)
        const expected = pointsOf(history)
        const out: [boolean, number, number][] = []
        for (let i = before + 1; i <= before + undone; i++) {
          const full = history.count === capacity
          out.push([full, full ? history.timestampAt(capacity - 1) : 0, full ? history.valueAt(capacity - 1) : 0])
          history.push(i, -i)
        }
        for (const [full, timestamp, value] of out.toReversed()) history.unpush(full, timestamp, value)
        expect(pointsOf(history)).toEqual(expected)
      },
    ),
  )
})

test('histories of one pool do not touch each other, and one given back begins empty', () => {
  const histories = createHistories()
  const many = Array.from({ length: 5000 }, () => histories.take(11))
  many.forEach((history, i) => {
    for (let k = 1; k <= 15; k++) history.push(k, i)
  })
  expect(many.every((history, i) => history.valueAt(10) === i && history.valueAt(0) === i)).toBe(true)
  const first = many[0]
  if (!first) throw new Error('no history')
  histories.giveBack(first)
  expect(histories.take(11).count).toBe(0)
})

test('a larger history takes over all points, a smaller one the newest', () => {
  const histories = createHistories()
  const from = histories.take(4)
  for (let k = 1; k <= 6; k++) from.push(k, k)
  const [larger, smaller] = [histories.take(8), histories.take(2)]
  larger.copyFrom(from)
  smaller.copyFrom(from)
  expect(pointsOf(larger)).toEqual(pointsOf(from))
  expect(pointsOf(smaller)).toEqual(pointsOf(from).slice(0, 2))
})
