import { expect, test } from 'vitest'
import type { SystemdUnit } from '../../host/linux/host.ts'
import { findMetric } from '../../catalogue/catalogue.ts'
import { gauge } from '../collector.ts'
import { createSystemdCollector, unitSamples } from './systemd.ts'

const units: SystemdUnit[] = [
  { name: 'nginx.service', state: 'active' },
  { name: 'php-fpm@blue.service', state: 'failed' },
  { name: 'php-fpm@green.service', state: 'active' },
  { name: 'backup.timer', state: 'active' },
  { name: 'odd.service', state: 'refreshing' },
]

test('units are counted by state, also where there are none', () => {
  expect(unitSamples(units, [])).toEqual([
    gauge('systemd.units', 3, 'state=active'),
    gauge('systemd.units', 0, 'state=inactive'),
    gauge('systemd.units', 1, 'state=failed'),
    gauge('systemd.units', 0, 'state=activating'),
    gauge('systemd.units', 0, 'state=deactivating'),
    gauge('systemd.units', 0, 'state=reloading'),
    gauge('systemd.units', 1, 'state=refreshing'),
  ])
})

test('watched units are those that fit a pattern, and those named in full whether systemd knows them or not', () => {
  const watched = unitSamples(units, [
    'php-fpm@*.service',
    'nginx.service',
    'gone.service',
    'gone.service',
    'no?e.timer',
  ])
  expect(watched.filter(({ metric }) => metric === 'systemd.unit.active')).toEqual([
    gauge('systemd.unit.active', 1, 'unit=nginx.service'),
    gauge('systemd.unit.active', 0, 'unit=php-fpm@blue.service'),
    gauge('systemd.unit.active', 1, 'unit=php-fpm@green.service'),
    gauge('systemd.unit.active', 0, 'unit=gone.service'),
  ])
  for (const sample of watched) expect(findMetric(sample.metric)?.entry.counterType).toBe('GAUGE')
})

test('systemd is asked once a minute at most; after a failure the next round asks again', async () => {
  let asked = 0
  let atMs = 0
  let broken = false
  const host = {
    async units() {
      asked++
      if (broken) throw new Error('no answer')
      return units
    },
  }
  const collector = createSystemdCollector(host, [], () => atMs)
  for (atMs = 0; atMs < 60_000; atMs += 10_000) expect(await collector.collect()).toHaveLength(7)
  expect(asked).toBe(2)
  atMs = 120_000
  broken = true
  await expect(collector.collect()).rejects.toThrow('no answer')
  broken = false
  expect(await collector.collect()).toHaveLength(7)
  expect(asked).toBe(4)
})

test('a machine without systemd has none', async () => {
  expect(await createSystemdCollector({ units: async () => undefined }, ['a.service']).collect()).toEqual([])
})
