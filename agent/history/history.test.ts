import { expect, test } from 'vitest'
import { counter, gauge } from '../collectors/collector.ts'
import type { CollectedSample } from '../collectors/collector.ts'
import { createLastValues } from '../last-values.ts'
import { mostGroups } from './charts.ts'
import { createHistory } from './history.ts'

function watched() {
  const history = createHistory(60_000)
  const values = createLastValues(1e9, (value) => history.record(value))
  const shown = (id: string, nowMs: number) =>
    history
      .charts(nowMs)
      .find(({ spec }) => spec.id === id)
      ?.lines.map(({ metric, group, slots }) => [metric, group, slots.at(-1)?.mean])
  return { record: (samples: CollectedSample[], atMs: number) => values.record(samples, atMs), shown }
}

test('gauges are drawn as they are, counters as rates, one line a device', () => {
  const { record, shown } = watched()
  record([gauge('load.1min', 2), counter('net.if.in.bytes', 0, 'iface=eth0')], 0)
  record([gauge('load.1min', 3), counter('net.if.in.bytes', 600, 'iface=eth0')], 60_000)
  expect(shown('load', 60_000)).toEqual([['load.1min', '', 3]])
  expect(shown('network', 60_000)).toEqual([['net.if.in.bytes', 'eth0', 10]])
  expect(shown('disks', 60_000)).toBeUndefined()
})

test('what the old names of Windows measure is drawn in the same chart and unit', () => {
  const { record, shown } = watched()
  record([counter('net.if.out.mbits', 0, 'interface=LAN'), gauge('df.used.percent', 40, 'disk=C')], 0)
  record([counter('net.if.out.mbits', 48, 'interface=LAN')], 60_000)
  expect(shown('network', 60_000)).toEqual([['net.if.out.bytes', 'LAN', 10_000]])
  expect(shown('fileSystems', 0)).toEqual([['df.bytes.used.percent', 'C', 40]])
})

test('of thousands of mounts those with the highest values are kept, and they stay', () => {
  const { record, shown } = watched()
  const mounts = (value: (i: number) => number) =>
    Array.from({ length: 5000 }, (_, i) => gauge('df.bytes.used.percent', value(i), `fstype=ext4,mount=/m${i}`))
  record(
    mounts((i) => i / 100),
    0,
  )
  const groups = () => shown('fileSystems', 60_000)?.map(([, group]) => group)
  const highest = Array.from({ length: mostGroups }, (_, i) => `/m${4999 - i}`).toSorted()
  expect(groups()).toEqual(highest)
  record(
    mounts((i) => (4999 - i) / 200),
    60_000,
  )
  expect(groups()).toEqual(highest)
})
