import { expect, test } from 'vitest'
import { inRunWindow, minuteText } from './run-window.ts'

test.each([
  ['', '', { '00:00': true, '12:34': true, '23:59': true }],
  ['09:00', '18:00', { '08:59': false, '09:00': true, '18:00': true, '18:01': false }],
  ['00:00', '24:00', { '00:00': true, '23:59': true }],
  ['22:00', '06:00', { '21:59': false, '22:00': true, '23:59': true, '00:00': true, '06:00': true, '06:01': false }],
  ['', '06:00', { '00:00': true, '06:00': true, '06:01': false }],
  ['22:00', '', { '21:59': false, '22:00': true, '00:00': false }],
  ['12:00', '12:00', { '11:59': false, '12:00': true, '12:01': false }],
])('from "%s" to "%s"', (begin, end, expected) => {
  const seen = Object.fromEntries(Object.keys(expected).map((now) => [now, inRunWindow(begin, end, now)]))
  expect(seen).toEqual(expected)
})

test('the minute is that of the local clock, two digits each', () => {
  expect(minuteText(new Date(2026, 0, 2, 3, 4, 59))).toBe('03:04')
  expect(minuteText(new Date(2026, 0, 2, 23, 59, 0))).toBe('23:59')
})
