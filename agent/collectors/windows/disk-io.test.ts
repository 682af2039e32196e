import { expect, test } from 'vitest'
import type { Disk } from '../../host/windows/host.ts'
import { diskSamples } from './disk-io.ts'

const disk: Disk = {
  name: 'PhysicalDrive0',
  bytesRead: 1000,
  bytesWritten: 1000,
  readMs: 10,
  writeMs: 10,
  idleMs: 1000,
  reads: 10,
  writes: 10,
  queueLength: 0,
}

const averaged = (earlier: Disk, later: Disk) =>
  diskSamples({ atMs: 0, disks: [earlier] }, { atMs: 1000, disks: [later] }, 'linux').filter(
    (it) => it.counterType === 'GAUGE',
  )

test('nothing is averaged over a count that has fallen: another disk has the number, or 32 bits were full', () => {
  expect(averaged(disk, { ...disk, reads: 3 })).toEqual([])
  expect(averaged(disk, disk)).not.toEqual([])
})

test('a disk without requests is idle; one that says it idled longer than time went by is not busy below 0', () => {
  const values = Object.fromEntries(averaged(disk, { ...disk, idleMs: 2500 }).map((it) => [it.metric, it.value]))
  expect(values).toMatchObject({
    'disk.io.util': 0,
    'disk.io.await': 0,
    'disk.io.avgrq_sz': 0,
    'disk.io.read_bytes': 0,
  })
})

test('a disk that was not there before has no averages yet', () => {
  const both = diskSamples({ atMs: 0, disks: [] }, { atMs: 1000, disks: [disk] }, 'linux')
  expect(both.some((it) => it.counterType === 'GAUGE')).toBe(false)
})
