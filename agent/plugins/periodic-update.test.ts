import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startPeriodicUpdates } from './periodic-update.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('updates come once an interval, as long as it is set, and each host has its own moment', () => {
  const start = (hostname: string) => {
    const moments: number[] = []
    let seconds = 600
    const updates = startPeriodicUpdates({
      seconds: () => seconds,
      hostname: () => hostname,
      now: Date.now,
      update: () => moments.push(Date.now()),
    })
    return { moments, stop: () => updates.stop(), set: (value: number) => (seconds = value) }
  }
  const hosts = ['a', 'b', 'c'].map(start)
  vi.advanceTimersByTime(3_600_000)
  for (const { moments } of hosts) expect(moments).toHaveLength(6)
  expect(new Set(hosts.map(({ moments }) => moments[0])).size).toBe(3)
  const [first] = hosts
  first?.set(0)
  vi.advanceTimersByTime(3_600_000)
  expect(first?.moments).toHaveLength(6)
  first?.set(600)
  vi.advanceTimersByTime(3_600_000)
  expect(first?.moments.length).toBeGreaterThan(10)
  for (const host of hosts) host.stop()
  vi.advanceTimersByTime(3_600_000)
  expect(hosts[1]?.moments).toHaveLength(18)
})
