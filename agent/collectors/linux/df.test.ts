import { expect, test } from 'vitest'
import type { FileSystem, Mount } from '../../host/linux/host.ts'
import { StuckError } from '../../host/slow-calls.ts'
import { gauge } from '../collector.ts'
import { collectorContract } from './collector.contract.ts'
import { createDfCollector, spaceOf } from './df.ts'

const half: FileSystem = { totalBytes: 1000, freeBytes: 500, availableBytes: 500, totalInodes: 10, freeInodes: 10 }
const mount = (mountPoint: string): Mount => ({ source: `server:${mountPoint}`, mountPoint, type: 'nfs' })

function hostOf(answers: Record<string, () => Promise<FileSystem>>) {
  return {
    mounts: async () => Object.keys(answers).map(mount),
    fileSystem: ({ mountPoint }: Mount) => answers[mountPoint]?.() ?? Promise.resolve(half),
  }
}

test('what is free is what ordinary users may use, and shares are those that df prints', () => {
  const space = spaceOf({ ...half, freeBytes: 400, availableBytes: 200 })
  expect(space).toEqual({ used: 600, usedPercent: 75 })
})

test('a file system that gives no answer is said to be stuck, and costs no other its samples', async () => {
  const host = hostOf({
    '/a': async () => half,
    '/dead': async () => {
      throw new StuckError('file system /dead', 'hangs', 3000)
    },
  })
  const samples = await createDfCollector(host, []).collect()
  expect(samples).toContainEqual(gauge('df.stuck', 1, 'mount=/dead'))
  expect(samples).toContainEqual(gauge('df.bytes.total', 1000, 'fstype=nfs,mount=/a'))
  expect(samples).toContainEqual(gauge('df.statistics.total', 1000))
  expect(samples.filter((sample) => sample.tags.includes('/dead'))).toHaveLength(1)
})

test('one that answers with an error, or cannot be asked because others hang, is said to be unreadable', async () => {
  const host = hostOf({
    '/behind': async () => {
      throw new StuckError('file system /behind', 'no room', 0)
    },
    '/stale': async () => {
      throw new Error('ESTALE: stale file handle')
    },
  })
  expect(await createDfCollector(host, []).collect()).toEqual([
    gauge('df.unreadable', 1, 'mount=/behind'),
    gauge('df.unreadable', 1, 'mount=/stale'),
  ])
})

test('one without size is left out, and without any there are no totals', async () => {
  const host = hostOf({ '/pseudo': async () => ({ ...half, totalBytes: 0, freeBytes: 0, availableBytes: 0 }) })
  expect(await createDfCollector(host, []).collect()).toEqual([])
})

test('one without a fixed number of inodes has no inode samples', async () => {
  const host = hostOf({ '/btrfs': async () => ({ ...half, totalInodes: 0, freeInodes: 0 }) })
  const metrics = (await createDfCollector(host, []).collect()).map((sample) => sample.metric)
  expect(metrics.filter((metric) => metric.includes('inodes'))).toEqual([])
  expect(metrics).toContain('df.bytes.used.percent')
})

collectorContract((host) => createDfCollector(host, []), '/proc/mounts')
