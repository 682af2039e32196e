import { expect, test } from 'vitest'
import type { Pressure } from '../../host/linux/host.ts'
import { gauge } from '../collector.ts'
import { collectorContract } from './collector.contract.ts'
import { createPressureCollector, pressureSamples } from './pressure.ts'

const reading = (atMs: number, someMicros: number, fullMicros?: number): Pressure => ({
  atMs,
  io: { someMicros, fullMicros },
})

test('shares of the time between two readings', () => {
  expect(pressureSamples(reading(0, 0, 0), reading(60_000, 30_000_000, 6_000_000))).toEqual([
    gauge('pressure.io.some', 50),
    gauge('pressure.io.full', 10),
  ])
})

test('what is not told, or was counted anew, gives nothing; a share is at most 100', () => {
  expect(pressureSamples(reading(0, 5), reading(1000, 900_000))).toEqual([gauge('pressure.io.some', 89.9995)])
  expect(pressureSamples(reading(0, 5), reading(1000, 4))).toEqual([])
  expect(pressureSamples(reading(0, 0), reading(1000, 1_000_500))).toEqual([gauge('pressure.io.some', 100)])
  expect(pressureSamples({ atMs: 0 }, reading(1000, 4))).toEqual([])
  expect(pressureSamples(reading(7, 0), reading(7, 4))).toEqual([gauge('pressure.io.some', 0)])
})

test('a kernel without it gives nothing, and is no failure', async () => {
  const collector = createPressureCollector({ pressure: async () => undefined })
  expect(await collector.collect()).toEqual([])
  expect(await collector.collect()).toEqual([])
})

collectorContract((host) => createPressureCollector(host))
