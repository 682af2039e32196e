import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nextTick, phaseOf, startSchedule } from './schedule.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000_500 })
})
afterEach(() => {
  vi.useRealTimers()
})

function planned(intervalMs: number, phaseMs: number) {
  const moments: number[] = []
  const schedule = startSchedule({ intervalMs, phaseMs, now: Date.now, run: (moment) => moments.push(moment) })
  return { moments, schedule }
}

test('a thousand hosts are spread over the interval', () => {
  const phases = Array.from({ length: 1000 }, (_, i) => phaseOf(`host-${i}.example`, 60_000))
  const perSecond = new Map<number, number>()
  for (const phase of phases)
    perSecond.set(Math.floor(phase / 1000), (perSecond.get(Math.floor(phase / 1000)) ?? 0) + 1)
  expect(perSecond.size).toBe(60)
  expect(Math.max(...perSecond.values())).toBeLessThan(40)
})

test('the next tick lies after now, at the phase', () => {
  expect(nextTick(120_000, 60_000, 5000)).toBe(125_000)
  expect(nextTick(125_000, 60_000, 5000)).toBe(185_000)
})

test('moments keep their distance whatever the timer does', () => {
  const { moments, schedule } = planned(10_000, 700)
  vi.advanceTimersByTime(35_000)
  schedule.stop()
  expect(moments).toEqual([1_000_000_700, 1_000_010_700, 1_000_020_700, 1_000_030_700])
})

test('after a jump of the clock the phase is kept and no moment lies ahead of the clock by more than the timer', () => {
  const { moments, schedule } = planned(10_000, 0)
  vi.advanceTimersByTime(10_000)
  vi.setSystemTime(1_003_600_123)
  vi.advanceTimersByTime(10_000)
  vi.setSystemTime(1_000_000_123)
  vi.advanceTimersByTime(20_000)
  schedule.stop()
  expect(moments.every((moment) => moment % 10_000 === 0)).toBe(true)
  expect(moments.length).toBeGreaterThanOrEqual(3)
  expect(moments.at(-1)).toBeLessThanOrEqual(Date.now())
})

test('an interval longer than a timer can hold runs once, not at once', () => {
  const month = 40 * 86_400_000
  const { moments, schedule } = planned(month, 0)
  vi.advanceTimersByTime(30 * 86_400_000)
  const early = moments.length
  vi.advanceTimersByTime(45 * 86_400_000)
  schedule.stop()
  expect(early).toBeLessThanOrEqual(1)
  expect(moments.length).toBeGreaterThanOrEqual(1)
  expect(moments.every((moment) => moment % month === 0)).toBe(true)
})
