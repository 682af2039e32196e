import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { defaultArchives } from './layout.ts'
import { nearlyEqual } from './naive-model.reference.ts'
import type { NaiveSeries } from './naive-model.reference.ts'
import { act, createWork, workSeries, workStart } from './random-work.contract.ts'
import type { Bench } from './store-under-test.contract.ts'

test(
  'whatever comes in whatever order, the store answers what a list of the points does',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
        const work = await createWork()
        const { bench, models } = work
        try {
          for (const next of acts) await work.do(next)
          expect(bench.events).toEqual([])
          // Late points reach stored archive rows when they are written, which is within two windows.
          bench.clock += 20_000
          await bench.store.maintain()
          for (const [i, { counter, step }] of workSeries.entries()) compare(bench, models[i], counter, step)
        } finally {
          await bench.store.close()
        }
      }),
      { numRuns: 40, endOnFailure: true },
    )
  },
)

function compare(bench: Bench, model: NaiveSeries | undefined, counter: string, step: number): void {
  for (const { steps: width, rows: kept } of defaultArchives) {
    // What is older than this may be gone, and raw points are kept for longer than this looks.
    const from = width === 1 ? workStart - 300_000 : Math.max(workStart - 300_000, bench.clock - kept * width * step)
    for (const consolidation of width === 1 ? (['AVERAGE'] as const) : (['AVERAGE', 'MAX', 'MIN'] as const)) {
      const rows = bench.read(counter, from, bench.clock, { width, consolidation })
      for (const [time, answered] of rows) {
        const expected = model?.row(time, width, consolidation) ?? NaN
        if (!nearlyEqual(answered ?? NaN, expected, model?.size(time, width)))
          expect.unreachable(`${consolidation} of ${counter}, ${width} steps at ${time}: ${answered}, not ${expected}`)
      }
    }
  }
}
