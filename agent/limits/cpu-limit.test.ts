import { expect, test } from 'vitest'
import { rateOf } from './cpu-limit.ts'

test.each([
  [50, 1, 5000],
  [50, 4, 1250],
  [150, 2, 7500],
  [400, 2, 10_000],
  [1, 256, 1],
])('%i percent of one of %i processors are %i hundredths of a percent of all', (percent, processors, rate) => {
  const info = rateOf(percent, processors)
  expect(info.readUInt32LE(0)).toBe(5)
  expect(info.readUInt32LE(4)).toBe(rate)
})
