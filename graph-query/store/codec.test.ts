import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBlock, encodeBlock, largestBlock } from './codec.ts'

function roundTrip(values: readonly number[]): { decoded: number[]; bytes: number } {
  const column = Float64Array.from(values)
  const out = new Uint8Array(largestBlock(values.length) + 7)
  const end = encodeBlock(out, 7, column, 0, values.length)
  expect(end - 7).toBeLessThanOrEqual(largestBlock(values.length))
  const decoded = new Float64Array(values.length)
  expect(decodeBlock(out, 7, decoded, values.length), 'the decoder ends where the encoder ended').toBe(end)
  return { decoded: [...decoded], bytes: end - 7 }
}

function sameDoubles(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]))
}

const cents = fc.integer({ min: -1e7, max: 1e7 }).map((n) => n / 100)
const perMinute = fc.integer({ min: 0, max: 1e6 }).map((n) => n / 60)
const large = fc.maxSafeInteger().map((n) => n * 2)
const awkward = fc.constantFrom(
  0,
  -0,
  NaN,
  Infinity,
  -Infinity,
  5e-324,
  -5e-324,
  1.7976931348623157e308,
  2 ** 52,
  2 ** 53,
)

test('every double comes back as it was, whatever stands beside it', () => {
  const anyValue = fc.oneof(fc.double(), cents, perMinute, large, fc.integer(), awkward)
  fc.assert(
    fc.property(fc.array(anyValue, { minLength: 1, maxLength: 200 }), (values) =>
      sameDoubles(roundTrip(values).decoded, values),
    ),
    { numRuns: 2000 },
  )
})

test('blocks of one kind come back too: gauges with gaps, counters, steady rates, slow drifts', () => {
  const kinds = [cents, perMinute, large, fc.integer(), awkward, fc.double({ min: 0, max: 100 })]
  for (const kind of kinds) {
    const withGaps = fc.oneof({ weight: 5, arbitrary: kind }, { weight: 1, arbitrary: fc.constant(NaN) })
    fc.assert(
      fc.property(fc.array(withGaps, { minLength: 1, maxLength: 150 }), (values) =>
        sameDoubles(roundTrip(values).decoded, values),
      ),
      { numRuns: 300 },
    )
  }
})

test('a counter keeps every digit also above 2^53', () => {
  const values = Array.from({ length: 120 }, (_, i) => 9_007_199_254_740_043_000 + i * 4096)
  expect(roundTrip(values).decoded).toEqual(values)
})

test('what hardly changes takes hardly any room', () => {
  expect(roundTrip(Array.from({ length: 1440 }, () => 42)).bytes).toBeLessThanOrEqual(3)
  expect(roundTrip(Array.from({ length: 1440 }, () => NaN)).bytes).toBe(1)
  const counter = Array.from({ length: 1440 }, (_, i) => 1_000_000 + i * 60)
  expect(roundTrip(counter).bytes).toBeLessThan(1.1 * 1440)
})

test('an unknown form is refused, not guessed at', () => {
  expect(() => decodeBlock(Uint8Array.of(0x3f, 1, 2), 0, new Float64Array(4), 4)).toThrow(/form 63 is unknown/)
})
