import { expect, test } from 'vitest'
import type { Disk } from '../../host/linux/host.ts'
import { gauge } from '../collector.ts'
import { collectorContract } from './collector.contract.ts'
import { createDiskIoCollector, diskAverages, diskSamples, isDisk } from './disk-io.ts'

const idle: Disk = {
  name: 'sda',
  readRequests: 10,
  readMerged: 0,
  readSectors: 80,
  readMs: 5,
  writeRequests: 0,
  writeMerged: 0,
  writeSectors: 0,
  writeMs: 0,
  inProgress: 0,
  busyMs: 5,
  weightedMs: 5,
}

test.each(['sda', 'vdb', 'sdaa', 'sda5', 'xvda', 'xvda1', 'nvme0n1', 'nvme0n1p1', 'fioa', 'nbd0', 'dm-3', 'md127'])(
  '%s is a disk',
  (name) => expect(isDisk(name)).toBe(true),
)

test.each(['sda1', 'vdb4', 'sdaa5', 'sr0', 'loop0', 'ram0', 'zram0', 'fd0', 'mmcblk0p1', 'md127p1', 'sdaaa1', 'nb0'])(
  '%s is none',
  (name) => expect(isDisk(name)).toBe(false),
)

test.each(['sdaaa', 'hda', 'mmcblk0'])('%s, which Open-Falcon leaves out, is one too', (name) =>
  expect(isDisk(name)).toBe(true),
)

test('averages are over the time between two readings, not over a second', () => {
  const later = { ...idle, readRequests: 20, readSectors: 80 + 2000, readMs: 105, busyMs: 1005, weightedMs: 3005 }
  const values = Object.fromEntries(diskAverages(idle, later, 10_000).map((sample) => [sample.metric, sample.value]))
  expect(values).toEqual({
    'disk.io.read_bytes': 102_400,
    'disk.io.write_bytes': 0,
    'disk.io.avgrq_sz': 200,
    'disk.io.avgqu-sz': 0.3,
    'disk.io.await': 10,
    'disk.io.svctm': 100,
    'disk.io.util': 10,
  })
})

test('a device busy for longer than time has passed, as the kernel sometimes counts, is 100 % busy', () => {
  const later = { ...idle, busyMs: 5 + 1100, weightedMs: 5 + 1100 }
  expect(diskAverages(idle, later, 1000)).toContainEqual(gauge('disk.io.util', 100, 'device=sda'))
})

test('a disk that was replaced or whose counts began anew has no averages until the next collection', () => {
  expect(diskAverages({ ...idle, readSectors: 9999 }, idle, 1000)).toEqual([])
  expect(diskAverages({ ...idle, weightedMs: 4_294_967_290 }, idle, 1000)).toEqual([])
})

test('a disk that appears has its counts at once and averages from the next collection on', () => {
  const other = { ...idle, name: 'sdb' }
  const samples = diskSamples({ atMs: 0, disks: [idle] }, { atMs: 1000, disks: [idle, other] })
  expect(samples.filter((sample) => sample.tags === 'device=sda')).toHaveLength(18)
  expect(samples.filter((sample) => sample.tags === 'device=sdb')).toHaveLength(11)
})

test('a device that was never read is left out', () => {
  const unread = { ...idle, readRequests: 0, writeRequests: 5 }
  expect(diskSamples(undefined, { atMs: 0, disks: [unread] })).toEqual([])
})

collectorContract((host) => createDiskIoCollector(host), '/proc/diskstats')
