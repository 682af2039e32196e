import { expect, test } from 'vitest'
import { inTurns } from './turns.ts'

test('all results come in order, whatever the size of the parts', async () => {
  const numbers = [1, 2, 3, 4, 5]
  for (const size of [1, 2, 5, 100]) {
    expect(await inTurns(numbers, size, async (part) => part.map((n) => n * 10))).toEqual([10, 20, 30, 40, 50])
  }
  expect(await inTurns([], 3, (part) => part)).toEqual([])
})

test('others get their turn between two parts', async () => {
  const seen: string[] = []
  setImmediate(() => seen.push('other'))
  await inTurns([1, 2], 1, (part) => (seen.push(`part ${part.join()}`), part))
  expect(seen).toEqual(['part 1', 'other', 'part 2'])
})
