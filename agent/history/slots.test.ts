import { expect, test } from 'vitest'
import { createSlots, slotCount } from './slots.ts'

const minute = 60_000

test('a slot has the lowest, the mean and the highest of what was measured in it', () => {
  const slots = createSlots(minute)
  for (const [value, atMs] of [
    [4, 0],
    [1, 10_000],
    [7, 59_999],
    [2, minute],
  ] as const)
    slots.add(value, atMs)
  expect(slots.read(minute).slice(-3)).toEqual([undefined, { low: 1, mean: 4, high: 7 }, { low: 2, mean: 2, high: 2 }])
  expect(slots.peak()).toBe(7)
})

test('an hour is kept, and what was not measured is a gap', () => {
  const slots = createSlots(minute)
  for (let at = 0; at < 90; at++) if (at !== 80) slots.add(at, at * minute)
  const read = slots.read(89 * minute)
  expect(read).toHaveLength(slotCount)
  expect(read[0]?.mean).toBe(30)
  expect(read.at(-1)?.mean).toBe(89)
  expect(read.at(-10)).toBeUndefined()
  expect(slots.read(100 * minute).slice(-11)).toEqual(Array.from({ length: 11 }, () => undefined))
})

test('a clock that jumps leaves no value where it was not measured', () => {
  const slots = createSlots(minute)
  slots.add(1, 1000 * minute)
  slots.add(2, 1070 * minute)
  expect(slots.read(1070 * minute).filter((slot) => slot)).toHaveLength(1)
  slots.add(3, 1065 * minute)
  expect(slots.read(1070 * minute).map((slot) => slot?.mean)).toEqual([
    ...Array.from({ length: 54 }, () => undefined),
    3,
    ...Array.from({ length: 5 }, () => undefined),
  ])
  expect(slots.peak()).toBe(3)
})
