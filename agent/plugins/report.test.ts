import { expect, test } from 'vitest'
import { findMetric } from '../catalogue/catalogue.ts'
import type { Plugin } from './plan.ts'
import { pluginDetail, runSamples } from './report.ts'
import type { LastRun } from './run-plugin.ts'

const plugin: Plugin = { FilePath: 'app/20_args.sh', MTime: 7, Cycle: 20, Args: 'one,k=two' }
const run: LastRun = {
  atMs: 5500,
  durationMs: 1500,
  exit: 3,
  samples: 2,
  error: 'exit status 3',
  message: '',
  left: [],
}

test('a run is told in three samples whose tag divides nothing', () => {
  const samples = runSamples(plugin, run)
  expect(samples.map(({ metric, value }) => [metric, value])).toEqual([
    ['plugin.exit', 3],
    ['plugin.duration', 1.5],
    ['plugin.failed', 1],
  ])
  for (const { metric, tags } of samples) {
    expect(tags).toBe('plugin=app/20_args.sh(one_k_two)')
    expect(findMetric(metric)?.group.tags).toEqual(['plugin'])
  }
  const killed = runSamples({ ...plugin, Args: '' }, { ...run, exit: 'SIGKILL' })
  expect(killed[0]).toMatchObject({ value: -1, tags: 'plugin=app/20_args.sh' })
})

test('the detail of a plugin begins with what Open-Falcon tells', () => {
  expect(Object.entries(pluginDetail({ plugin, running: true, last: run }))).toEqual([
    ...Object.entries(plugin),
    ['Running', true],
    ['LastRun', 5],
    ['Exit', 3],
    ['DurationMs', 1500],
    ['Samples', 2],
    ['Error', 'exit status 3'],
    ['Message', ''],
    ['Left', 0],
  ])
  expect(pluginDetail({ plugin, running: false, last: undefined })).toMatchObject({ LastRun: 0, Exit: -1, Error: '' })
})
