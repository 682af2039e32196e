import { expect, test } from 'vitest'
import { parseMemory } from './memory.ts'

test('sizes are bytes, and names that others begin or end with are told apart', () => {
  const text = `MemTotal:       24684084 kB
MemFree:        23521020 kB
MemAvailable:   23892004 kB
Buffers:           31004 kB
Cached:           644404 kB
SwapCached:            7 kB
SwapTotal:       2097148 kB
SwapFree:        2097000 kB
HugePages_Total:       0
`
  expect(parseMemory(text)).toEqual({
    total: 24684084 * 1024,
    free: 23521020 * 1024,
    available: 23892004 * 1024,
    buffers: 31004 * 1024,
    cached: 644404 * 1024,
    swapTotal: 2097148 * 1024,
    swapFree: 2097000 * 1024,
  })
})

test('a kernel before 3.14 does not say what is available, one without swap has none', () => {
  const memory = parseMemory('MemTotal: 100 kB\nMemFree: 50 kB\nBuffers: 1 kB\nSwapCached: 3 kB\nCached: 2 kB')
  expect(memory).toMatchObject({ available: undefined, buffers: 1024, cached: 2048, swapTotal: 0, swapFree: 0 })
})

test('what is no meminfo is refused', () => {
  expect(() => parseMemory('')).toThrow('it has no line "MemTotal"')
  expect(() => parseMemory('MemTotal: much kB\nMemFree: 1 kB\n')).toThrow('"much" is not a number')
})
