import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { startMemoryLimit } from './memory-limit.ts'
import type { MemoryLimit } from './memory-limit.ts'

const megabyte = 2 ** 20
let resident: number
/** What collecting garbage brings resident memory down to. */
let afterCollection: number | undefined
let limit: MemoryLimit
const lines: { msg: string; residentMegabytes?: number }[] = []
const counters = createCounters()
const spill = vi.fn<() => void>()
const leave = vi.fn<() => void>()

function start(megabytes: number): void {
  limit = startMemoryLimit({
    megabytes,
    residentBytes: () => resident,
    collectGarbage: async () => void (resident = afterCollection ?? resident),
    spill,
    leave,
    counters,
    log: createLogger('test', { destination: { write: (line) => void lines.push(JSON.parse(line)) } }),
  })
}

beforeEach(() => {
  vi.useFakeTimers()
  resident = 50 * megabyte
  afterCollection = undefined
  lines.length = 0
})
afterEach(() => {
  limit.stop()
  vi.useRealTimers()
  vi.clearAllMocks()
})

test('below the limit bodies are taken as long as they fit together, and room given back can be taken again', () => {
  start(100)
  expect(limit.take(6 * megabyte)).toBe(true)
  expect(limit.take(6 * megabyte)).toBe(false)
  limit.give(6 * megabyte)
  expect(limit.take(6 * megabyte)).toBe(true)
  expect(counters.values()['limit.refusedPushes']).toBe(1)
  expect(limit.state()).toEqual({ megabytes: 50, limitMegabytes: 100, crowded: false })
})

test('close to the limit samples go to disk and pushes are refused, until collected garbage has made room', async () => {
  start(100)
  resident = 95 * megabyte
  await vi.advanceTimersByTimeAsync(1000)
  expect(spill).toHaveBeenCalledTimes(1)
  expect(limit.take(1)).toBe(false)
  expect(limit.state()?.crowded).toBe(true)
  afterCollection = 60 * megabyte
  await vi.advanceTimersByTimeAsync(2000)
  expect(limit.take(1)).toBe(true)
  expect(lines.map(({ msg }) => msg)).toEqual([
    'close to the memory limit: pushes are refused, samples go to disk',
    'memory is below its limit again, pushes are taken',
  ])
  expect(leave).not.toHaveBeenCalled()
})

test('what stays above the limit although garbage is collected makes the agent leave, once, and is told', async () => {
  start(100)
  resident = 120 * megabyte
  await vi.advanceTimersByTimeAsync(2000)
  expect(leave).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(5000)
  expect(leave).toHaveBeenCalledTimes(1)
  expect(lines.at(-1)).toMatchObject({ residentMegabytes: 120, msg: expect.stringContaining('the agent leaves') })
  expect(counters.values()['limit.looksAbove']).toBeGreaterThanOrEqual(3)
})

test('without a limit everything is taken and nothing is looked at', async () => {
  start(0)
  resident = 10_000 * megabyte
  await vi.advanceTimersByTimeAsync(10_000)
  expect(limit.take(2 ** 40)).toBe(true)
  expect(limit.state()).toBeUndefined()
  expect(spill).not.toHaveBeenCalled()
})
