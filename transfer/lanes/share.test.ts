import { expect, test } from 'vitest'
import { transferConfig } from '../config.ts'
import { laneCount, laneShare } from './share.ts'

test('as many lanes as configured; by 0 one for each four cores, at least one', () => {
  const counts = [1, 2, 4, 8, 16, 64].map((cores) => laneCount({ workers: 0 }, cores))
  expect(counts).toEqual([1, 1, 1, 2, 4, 8])
  expect(laneCount({ workers: 3 }, 2)).toBe(3)
})

test('limits of a destination are divided among the lanes, everything else is each lane’s own', () => {
  const config = transferConfig.parse({
    spool: { maxBytes: 4 * 2 ** 20, replayPerSecond: 10 },
    judge: { maxInFlight: 900, spool: { maxBytes: 2 * 2 ** 20 } },
    graph: { spool: { replayPerSecond: 8 } },
  })
  const share = laneShare(config, 4)
  expect(share.spool).toMatchObject({
    maxBytes: 2 ** 20,
    replayPerSecond: 3,
    maxAgeSeconds: config.spool.maxAgeSeconds,
  })
  // A spool is never smaller than what a file of one needs.
  expect(share.judge).toMatchObject({ maxInFlight: 225, spool: { maxBytes: 2 ** 20 } })
  expect(share.graph.spool).toEqual({ replayPerSecond: 2 })
  expect({ ...share, judge: config.judge, graph: config.graph, spool: config.spool }).toMatchObject({
    series: config.series,
    rpc: config.rpc,
    minStep: config.minStep,
  })
  expect(laneShare(config, 1)).toBe(config)
})
