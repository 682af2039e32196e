import { expect, test } from 'vitest'
import { parseDiskStats } from './disks.ts'

const sda = {
  name: 'sda',
  readRequests: 1,
  readMerged: 2,
  readSectors: 3,
  readMs: 4,
  writeRequests: 5,
  writeMerged: 6,
  writeSectors: 7,
  writeMs: 8,
  inProgress: 9,
  busyMs: 10,
  weightedMs: 11,
}

test.each([
  ['a kernel of 2.6', '   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n'],
  ['one that counts discards (4.18)', '   8       0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n'],
  ['one that counts flushes (5.5)', '   8       0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n'],
])('the line of %s', (_, line) => expect(parseDiskStats(line)).toEqual([sda]))

test('the four numbers that kernels before 2.6.25 have for a partition are not misread', () => {
  expect(parseDiskStats('   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n   8       1 sda1 5 6 7 8\n')).toEqual([sda])
})

test('what is not a number is refused', () => {
  expect(() => parseDiskStats('   8       0 sda 1 2 3 4 5 6 7 8 9 10 eleven\n')).toThrow('"eleven" is not a number')
})
