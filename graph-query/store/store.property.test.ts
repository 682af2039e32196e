import { rmSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { defaultArchives } from './layout.ts'
import { createNaiveSeries, nearlyEqual } from './naive-model.reference.ts'
import type { NaiveSeries } from './naive-model.reference.ts'
import { createBench } from './store-under-test.contract.ts'
import type { Bench } from './store-under-test.contract.ts'

const start = 1_795_176_000
const kinds = [
  { counter: 'gauge', kind: 'GAUGE', step: 60 },
  { counter: 'derive', kind: 'DERIVE', step: 60 },
  { counter: 'half', kind: 'DERIVE', step: 30 },
  { counter: 'slow', kind: 'GAUGE', step: 300 },
] as const

const value = fc.oneof(
  fc.integer({ min: 0, max: 1000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
)
/** A run of points from some time before the clock, mostly in order, now and then late or repeated. */
const points = fc.record({
  act: fc.constant('points' as const),
  series: fc.integer({ min: 0, max: kinds.length - 1 }),
  lateSteps: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 900 }) },
  ),
  values: fc.array(value, { minLength: 1, maxLength: 40 }),
})
const act = fc.oneof(
  { weight: 6, arbitrary: points },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('wait' as const), seconds: fc.integer({ min: 60, max: 40_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('maintain' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('reopen' as const), forgetful: fc.boolean() }) },
)

test(
  'whatever comes in whatever order, the store answers what a list of the points does',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
        const bench = await createBench(start)
        const models = kinds.map(({ kind, step }) => createNaiveSeries(kind, step))
        try {
          for (const next of acts) {
            if (next.act === 'wait') bench.clock += next.seconds
            else if (next.act === 'maintain') await bench.store.maintain()
            else if (next.act === 'reopen') await reopen(bench, next.forgetful)
            else await feed(bench, models, next)
          }
          expect(bench.events).toEqual([])
          // Late points reach stored archive rows when they are written, which is within two windows.
          bench.clock += 20_000
          await bench.store.maintain()
          for (const [i, { counter, step }] of kinds.entries()) compare(bench, models[i], counter, step)
        } finally {
          await bench.store.close()
        }
      }),
      { numRuns: 40, endOnFailure: true },
    )
  },
)

/** A restart; a forgetful one has lost the file with the last points, which can be found again. */
async function reopen(bench: Bench, forgetful: boolean): Promise<void> {
  await bench.store.close()
  if (forgetful) rmSync(join(bench.dir, 'last-points'))
  await bench.reopen()
}

async function feed(
  bench: Bench,
  models: readonly NaiveSeries[],
  { series, lateSteps, values }: { series: number; lateSteps: number; values: readonly number[] },
): Promise<void> {
  const name = kinds[series] ?? kinds[0]
  const slot = bench.store.define({ endpoint: 'e', ...name })
  const first = bench.clock - lateSteps * name.step
  await bench.feed(
    slot,
    values.map((sent, i): [number, number] => [first + i * name.step, sent]),
  )
  for (const [i, sent] of values.entries()) models[series]?.put(first + i * name.step, sent)
  bench.clock += values.length * name.step
}

function compare(bench: Bench, model: NaiveSeries | undefined, counter: string, step: number): void {
  for (const { steps: width, rows: kept } of defaultArchives) {
    // What is older than this may be gone, and raw points are kept for longer than this looks.
    const from = width === 1 ? start - 300_000 : Math.max(start - 300_000, bench.clock - kept * width * step)
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
