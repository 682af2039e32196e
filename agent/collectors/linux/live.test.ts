import { expect, test } from 'vitest'
import { createLinuxHost } from '../../host/linux.ts'
import { findMetric } from '../../catalogue/catalogue.ts'
import { createLinuxCollectors } from './index.ts'

test('on this machine every collector works, and gives nothing that is not in the catalogue', async () => {
  const collectors = createLinuxCollectors(createLinuxHost({ root: '/' }), {
    ifacePrefix: [],
    ifaceInclude: ['*'],
    mountPoint: [],
    systemdUnits: [],
    ntpServers: false as const,
  })
  for (const collector of collectors) await collector.collect()
  const samples = (await Promise.all(collectors.map((collector) => collector.collect()))).flat()
  for (const sample of samples) {
    const { entry, group } = findMetric(sample.metric) ?? expect.fail(`${sample.metric} is not in the catalogue`)
    expect(sample.counterType, sample.metric).toBe(entry.counterType)
    const keys = sample.tags === '' ? [] : sample.tags.split(',').map((tag) => tag.split('=')[0])
    expect(keys, sample.metric).toEqual(group.tags)
    expect(sample.value, sample.metric).toSatisfy(Number.isFinite)
  }
  const metrics = new Set(samples.map((sample) => sample.metric))
  for (const metric of ['agent.alive', 'cpu.idle', 'load.1min', 'kernel.maxproc', 'mem.memtotal', 'ss.estab']) {
    expect(metrics).toContain(metric)
  }
  expect(samples.filter((sample) => sample.tags === 'iface=lo')).toHaveLength(26)
})
