import { array, assert, constantFrom, integer, nat, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { skewOf } from './skew.ts'
import type { ClockReading } from './skew.ts'

/** A call of which hbs saw the clock at `seenAfterMs`, where our clock is `aheadMs` ahead of its. */
function reading(
  aheadMs: number,
  sentMs: number,
  roundTripMs: number,
  seenAfterMs: number,
  unitMs: number,
): ClockReading {
  const serverMs = Math.floor((sentMs + seenAfterMs - aheadMs) / unitMs) * unitMs
  return { sentMs, roundTripMs, serverMs, unitMs }
}

test('milliseconds tell the skew to half the round trip, in either direction', () => {
  expect(skewOf([reading(600_000, 1e12, 40, 20, 1)])).toEqual({ seconds: 600, withinSeconds: 0.0205 })
  expect(skewOf([reading(-600_000, 1e12, 40, 20, 1)])?.seconds).toBeCloseTo(-600, 1)
})

test('whole seconds are told from none only where they can be', () => {
  expect(skewOf([reading(300, 1e12 + 500, 10, 5, 1000)])).toEqual({ seconds: 0, withinSeconds: 0.505 })
  expect(skewOf([reading(5000, 1e12 + 500, 10, 5, 1000)])?.seconds).toBeCloseTo(5, 0)
})

test('the truth lies within what is told, whatever the delays on the way', () => {
  const call = record({
    gap: nat(5000),
    roundTrip: nat(2000),
    seen: nat(1000),
    unit: constantFrom(1, 1000),
  })
  assert(
    property(integer({ min: -1e7, max: 1e7 }), array(call, { minLength: 1, maxLength: 4 }), (ahead, calls) => {
      let sent = 1.7e12
      const readings = calls.map(({ gap, roundTrip, seen, unit }) => {
        sent += gap
        return reading(ahead, sent, roundTrip, (roundTrip * seen) / 1000, unit)
      })
      const skew = skewOf(readings)
      expect(skew).toBeDefined()
      if (!skew) return
      // What is told as 0 may be anything in the range around it, which is twice as wide.
      const slack = skew.seconds === 0 ? 2 * skew.withinSeconds : skew.withinSeconds
      expect(Math.abs(skew.seconds - ahead / 1000)).toBeLessThanOrEqual(slack + 0.001)
    }),
  )
})

test('a clock that was set in the middle of a beat tells nothing', () => {
  expect(skewOf([reading(0, 1e12, 10, 5, 1), reading(3_600_000, 1e12 + 3_600_000, 10, 5, 1)])).toBeUndefined()
  expect(skewOf([])).toBeUndefined()
})
