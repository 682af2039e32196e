import { expect, test } from 'vitest'
import { mostSeries } from './most-series.ts'

test('a small heap remembers fewer series than configured, a large one as many', () => {
  expect(mostSeries(4_000_000, 600 * 2 ** 20)).toBe(524_288)
  expect(mostSeries(4_000_000, 16 * 2 ** 30)).toBe(4_000_000)
  expect(mostSeries(2, 600 * 2 ** 20)).toBe(2)
})
