import { rmSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { createNaiveSeries } from './naive-model.reference.ts'
import type { NaiveSeries } from './naive-model.reference.ts'
import { createBench } from './store-under-test.contract.ts'
import type { Bench } from './store-under-test.contract.ts'

export const workStart = 1_795_176_000

/** The series that are worked on; each has a model. */
export const workSeries = [
  { counter: 'gauge', kind: 'GAUGE', step: 60 },
  { counter: 'derive', kind: 'DERIVE', step: 60 },
  { counter: 'half', kind: 'DERIVE', step: 30 },
  { counter: 'slow', kind: 'GAUGE', step: 300 },
] as const

const value = fc.oneof(
  fc.integer({ min: 0, max: 1000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
)
const values = fc.array(value, { minLength: 1, maxLength: 40 })

/** A run of points from some time before the clock, mostly in order, now and then late or repeated. */
const points = fc.record({
  act: fc.constant('points' as const),
  series: fc.integer({ min: 0, max: workSeries.length - 1 }),
  lateSteps: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 900 }) },
  ),
  values,
})

/** Something that happens to a store. */
export const act = fc.oneof(
  { weight: 6, arbitrary: points },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('wait' as const), seconds: fc.integer({ min: 60, max: 40_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('maintain' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('reopen' as const), forgetful: fc.boolean() }) },
)
export type Act = typeof act extends fc.Arbitrary<infer T> ? T : never

/** A store, and beside it what it should answer. */
export interface Work {
  readonly bench: Bench
  /** In the order of `workSeries`. */
  readonly models: readonly NaiveSeries[]
  do(next: Act): Promise<void>
}

export async function createWork(): Promise<Work> {
  const bench = await createBench(workStart)
  const models = workSeries.map(({ kind, step }) => createNaiveSeries(kind, step))
  return {
    bench,
    models,
    async do(next) {
      if (next.act === 'wait') bench.clock += next.seconds
      else if (next.act === 'maintain') await bench.store.maintain()
      else if (next.act === 'reopen') await reopen(bench, next.forgetful)
      else await feed(bench, models, next)
    },
  }
}

/** A restart; a forgetful one has lost the file with the last points, which can be found again. */
async function reopen(bench: Bench, forgetful: boolean): Promise<void> {
  await bench.store.close()
  if (forgetful) rmSync(join(bench.dir, 'last-points'))
  await bench.reopen()
}

async function feed(
  bench: Bench,
  models: readonly NaiveSeries[],
  { series, lateSteps, values: sent }: { series: number; lateSteps: number; values: readonly number[] },
): Promise<void> {
  const name = workSeries[series] ?? workSeries[0]
  const slot = bench.store.define({ endpoint: 'e', ...name })
  const first = bench.clock - lateSteps * name.step
  await bench.feed(
    slot,
    sent.map((one, i): [number, number] => [first + i * name.step, one]),
  )
  for (const [i, one] of sent.entries()) models[series]?.put(first + i * name.step, one)
  bench.clock += sent.length * name.step
}
