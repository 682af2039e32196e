import { expect, test } from 'vitest'
import { defaultArchives } from './layout.ts'
import { createBench } from './store-under-test.contract.ts'
import { verifyStore } from './verify.ts'

const noon = 1_795_176_000

test('a list that was rewritten is whole to verify, though the log has points of series it no longer names', async () => {
  const bench = await createBench(noon)
  const counters = Array.from({ length: 10_001 }, (_, i) => `c${i}`)
  for (const counter of counters)
    bench.store.append(bench.store.define({ endpoint: 'e', counter, kind: 'GAUGE', step: 60 }), noon, 1)
  await bench.store.commit()
  await bench.store.deleteCounters(['e'], counters.slice(1))
  await bench.reopen()
  expect(bench.events).toEqual([])
  expect(bench.store.stats().series).toBe(1)
  await bench.store.close()
  const found = verifyStore({
    dir: bench.dir,
    archives: defaultArchives,
    rawRetentionSeconds: 30 * 86_400,
    live: false,
    deep: true,
    progress: () => undefined,
  })
  expect(found.damages).toEqual([])
  expect(found.series).toBe(1)
  await bench.reopen()
  expect(bench.store.last('e', 'c0')).toMatchObject({ value: 1 })
})
