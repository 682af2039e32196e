import { expect, test } from 'vitest'
import { parsePressure } from './pressure.ts'

test('the totals are what counts; cpu has no full on older kernels', () => {
  const some = 'some avg10=92.52 avg60=94.19 avg300=89.28 total=7033939367\n'
  expect(parsePressure(`${some}full avg10=0.00 avg60=0.00 avg300=0.11 total=95012353\n`, '/proc/pressure/io')).toEqual({
    someMicros: 7033939367,
    fullMicros: 95012353,
  })
  expect(parsePressure(some, '/proc/pressure/cpu')).toEqual({ someMicros: 7033939367, fullMicros: undefined })
})

test.each(['', 'some avg10=0.00\n', 'full avg10=0.00 avg60=0.00 avg300=0.00 total=1\n'])(
  '%j is not understood',
  (text) => expect(() => parsePressure(text, '/proc/pressure/io')).toThrow('Cannot understand /proc/pressure/io'),
)
