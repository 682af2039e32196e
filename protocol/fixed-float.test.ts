import { expect, test } from 'vitest'
import { formatFixed, graphFloat, readableFloat } from './fixed-float.ts'

test('a value just between two texts goes to the even one', () => {
  const cases: [number, number, string][] = [
    [0.0078125, 6, '0.007812'],
    [0.0234375, 6, '0.023438'],
    [-0.0078125, 6, '-0.007812'],
    [1.015625, 5, '1.01562'],
    [1.0078125, 7, '1.0078125'],
    [0.0000005, 6, '0.000000'], // a little less than it is written
  ]
  for (const [value, decimals, text] of cases) expect(formatFixed(value, decimals), String(value)).toBe(text)
})

test('large numbers have all their digits, and what is no number its name', () => {
  expect(formatFixed(-1e21, 2)).toBe('-1000000000000000000000.00')
  expect([Number.NaN, Infinity, -Infinity].map((value) => formatFixed(value, 2))).toEqual(['NaN', '+Inf', '-Inf'])
  expect(graphFloat(Number.NaN)).toBe('null')
  expect(readableFloat(1e20)).toBe('100000000000000000000')
  expect(readableFloat(10)).toBe('10')
})
