import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createAvailability } from './availability.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A peer that fails each time it is tried: the pauses until the next trial, in milliseconds. */
function pausesOf(failures: number, atLeastMs?: number): number[] {
  const availability = createAvailability(() => 0.5)
  const pauses: number[] = []
  let failedAt = 0
  const fail = () => {
    failedAt = Date.now()
    availability.failed(new Error('no'), atLeastMs)
    expect(availability.up).toBe(false)
  }
  availability.onUp(() => {
    expect(availability.up).toBe(true)
    pauses.push(Date.now() - failedAt)
    if (pauses.length < failures) fail()
  })
  fail()
  vi.runAllTimers()
  availability.close()
  return pauses
}

test('pauses double up to a limit; a peer may ask for longer ones, within reason', () => {
  expect(pausesOf(8)).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000])
  expect(pausesOf(3, 900)).toEqual([900, 900, 1000])
  expect(pausesOf(1, 1e9)).toEqual([60_000])
})

test('failures of what was under way together are one; success begins anew', () => {
  const availability = createAvailability(() => 0.5)
  let ups = 0
  availability.onUp(() => ups++)
  for (let i = 0; i < 5; i++) availability.failed(new Error(`no ${i}`))
  expect(availability.lastError).toBe('no 4')
  vi.advanceTimersByTime(250)
  expect([ups, availability.up]).toEqual([1, true])
  availability.worked()
  expect(availability.lastError).toBeUndefined()
  availability.failed(new Error('again'))
  vi.advanceTimersByTime(250)
  expect(ups).toBe(2)
})

test('once closed it is down, and nothing wakes it', () => {
  const availability = createAvailability()
  availability.failed(new Error('no'))
  availability.close()
  availability.onUp(() => expect.unreachable())
  vi.runAllTimers()
  expect(availability.up).toBe(false)
})
