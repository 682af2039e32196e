import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFixtureHost } from '../../host/fixture-host.ts'
import type { FixtureHost } from '../../host/fixture-host.ts'
import { findMetric } from '../../catalogue/catalogue.ts'
import type { CollectedSample } from '../collector.ts'
import { createLinuxCollectors } from './index.ts'

let host: FixtureHost
beforeEach(async () => {
  host = await createFixtureHost()
})
afterEach(() => host.remove())

const settings = {
  ifacePrefix: ['eth', 'en', 'docker'],
  ifaceInclude: [],
  mountPoint: [],
  systemdUnits: [],
  ntpServers: false as const,
}

async function secondRound(): Promise<CollectedSample[]> {
  const collectors = createLinuxCollectors(host, settings)
  for (const collector of collectors) await collector.collect()
  await host.passMinute()
  return (await Promise.all(collectors.map((collector) => collector.collect()))).flat()
}

test('a recorded host gives exactly these samples', async () => {
  const lines = (await secondRound()).map((it) => [it.metric, it.counterType, it.tags, it.value].join(' '))
  expect(lines).toEqual((await readFile(new URL('golden.txt', import.meta.url), 'utf8')).trimEnd().split('\n'))
})

test('the first round already gives all but what is an average since the one before', async () => {
  const first = (await Promise.all(createLinuxCollectors(host, settings).map((it) => it.collect()))).flat()
  const known = new Set(first.map((sample) => sample.metric))
  const missing = new Set((await secondRound()).map((sample) => sample.metric).filter((metric) => !known.has(metric)))
  expect([...missing].filter((metric) => !/^(?:cpu|pressure)\./.test(metric))).toEqual([
    'disk.io.read_bytes',
    'disk.io.write_bytes',
    'disk.io.avgrq_sz',
    'disk.io.avgqu-sz',
    'disk.io.await',
    'disk.io.svctm',
    'disk.io.util',
  ])
})

test('every sample is in the catalogue, with its type and its tags', async () => {
  for (const sample of await secondRound()) {
    const found = findMetric(sample.metric)
    expect(found, sample.metric).toBeDefined()
    expect(sample.counterType).toBe(found?.entry.counterType)
    expect(tagKeys(sample.tags)).toEqual(found?.group.tags)
  }
})

test('no series comes twice', async () => {
  const series = (await secondRound()).map((sample) => `${sample.metric}/${sample.tags}`)
  expect(series).toEqual([...new Set(series)])
})

test('only the named mount points are taken when some are named', async () => {
  const df = createLinuxCollectors(host, {
    ifacePrefix: [],
    ifaceInclude: [],
    mountPoint: ['/boot', '/var/lib/bind'],
    systemdUnits: [],
    ntpServers: false as const,
  }).find((it) => it.name === 'df')
  const mounts = (await df?.collect())?.map((sample) => sample.tags) ?? []
  expect(new Set(mounts)).toEqual(new Set(['fstype=ext4,mount=/boot', 'mount=/var/lib/bind', '']))
})

function tagKeys(tags: string): string[] {
  return tags === '' ? [] : tags.split(',').map((tag) => tag.slice(0, tag.indexOf('=')))
}
