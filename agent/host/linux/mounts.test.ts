import { expect, test } from 'vitest'
import { fileSystemFrom, parseMounts } from './mounts.ts'

test('source, mount point and type', () => {
  expect(parseMounts('/dev/vda / ext4 rw,relatime 0 0\nnfs01:/x /mnt/x nfs4 rw 0 0\n')).toEqual([
    { source: '/dev/vda', mountPoint: '/', type: 'ext4' },
    { source: 'nfs01:/x', mountPoint: '/mnt/x', type: 'nfs4' },
  ])
})

test('characters the kernel writes in octal are what they stand for, also those of several bytes', () => {
  const [mount] = parseMounts('/dev/a /mnt/a\\040b\\011c\\134d\\303\\274 ext4 rw 0 0\n')
  expect(mount?.mountPoint).toBe('/mnt/a b\tc\\dü')
})

test('of several mounts on one point the last is seen, at its own place in the order', () => {
  const mounts = parseMounts('rootfs / rootfs rw 0 0\n/dev/b /b ext4 rw 0 0\n/dev/a / ext4 rw 0 0\n')
  expect(mounts.map((mount) => mount.source)).toEqual(['/dev/b', '/dev/a'])
})

test('lines without three words are passed over', () => {
  expect(parseMounts('\nhalf /line\n')).toEqual([])
})

const answer = {
  type: 0n,
  bsize: 4096n,
  blocks: 2n ** 52n,
  bfree: 10n,
  bavail: 5n,
  files: 100n,
  ffree: 40n,
}

test('blocks become bytes, also more of them than a double counts exactly', () => {
  expect(fileSystemFrom(answer)).toEqual({
    totalBytes: 2 ** 64,
    freeBytes: 40960,
    availableBytes: 20480,
    totalInodes: 100,
    freeInodes: 40,
  })
})

test('where the kernel says that all 2^64 - 1 inodes are free, none is used', () => {
  expect(fileSystemFrom({ ...answer, ffree: 2n ** 64n - 1n })).toMatchObject({ totalInodes: 100, freeInodes: 100 })
})
