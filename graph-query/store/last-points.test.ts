import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checksumOf } from './checksum.ts'
import { openLastPoints } from './last-points.ts'
import { temporaryFolder } from './store-under-test.contract.ts'

test('the newest two points are kept, however they come, and through several savings', async () => {
  const dir = temporaryFolder()
  const first = openLastPoints(dir)
  expect(first.file).toBe('missing')
  for (const time of [60, 180, 120, 180]) first.points.note(2, time, time / 10)
  first.points.note(0, 60, -1)
  await first.points.save()
  await openLastPoints(dir).points.save()
  const { points, file } = openLastPoints(dir)
  expect(file).toBe('loaded')
  const shown = (id: number) => [points.time(id), points.value(id), points.previousTime(id), points.previousValue(id)]
  expect([0, 1, 2, 3].map(shown)).toEqual([
    [60, -1, 0, 0],
    [0, 0, 0, 0],
    [180, 18, 120, 12],
    [0, 0, 0, 0],
  ])
  points.note(3000, 60, 1)
  expect(shown(2)).toEqual([180, 18, 120, 12])
})

test('a damaged file counts as none', async () => {
  const dir = temporaryFolder()
  const { points } = openLastPoints(dir)
  points.note(0, 60, 1)
  await points.save()
  truncateSync(join(dir, 'last-points'), 30)
  expect(openLastPoints(dir).file).toBe('damaged')
})

test('more series than a block has, some of them noted while others are being written', async () => {
  const dir = temporaryFolder()
  const { points } = openLastPoints(dir)
  const count = 150_000
  for (let id = 0; id < count; id++) points.note(id, 60 + id, id / 3)
  const saving = points.save()
  for (let id = 0; id < count + 5000; id++) points.note(id, 1_000_000 + id, -id)
  await saving
  const saved = openLastPoints(dir)
  expect(saved.file).toBe('loaded')
  expect(saved.points.count).toBe(count)
  for (let id = 0; id < count; id++) {
    const time = saved.points.time(id)
    // Either as it was when saving began or as it became, never a mixture.
    const isNew = time === 1_000_000 + id
    if (!isNew) expect(time).toBe(60 + id)
    expect(saved.points.value(id)).toBe(isNew ? -id : id / 3)
  }
  await points.save()
  expect(openLastPoints(dir).points.time(count + 4999)).toBe(1_000_000 + count + 4999)
})

test('a file of one large block, which earlier versions wrote, is read', () => {
  const dir = temporaryFolder()
  const count = 100_000
  const content = Buffer.alloc(24 * count)
  for (let id = 0; id < count; id++) {
    content.writeDoubleLE(id / 4, 8 * id)
    content.writeUInt32LE(60 * id, 16 * count + 4 * id)
  }
  const header = Buffer.alloc(16)
  for (const [i, word] of [0x46474c50, count, checksumOf(content, 0, content.length, count)].entries())
    header.writeUInt32LE(word, 4 * i)
  writeFileSync(join(dir, 'last-points'), Buffer.concat([header, content]))
  const { points, file } = openLastPoints(dir)
  expect(file).toBe('loaded')
  expect([points.count, points.time(count - 1), points.value(count - 1)]).toEqual([count, 60 * (count - 1), 24_999.75])
})

test.each([
  ['the second block is missing its end', (bytes: Buffer) => bytes.subarray(0, -1)],
  [
    'two blocks are the wrong way round',
    (bytes: Buffer) => Buffer.concat([bytes.subarray(blockLength), bytes.subarray(0, blockLength)]),
  ],
  [
    'a bit of the second block',
    (bytes: Buffer) => {
      bytes[blockLength + 500] = (bytes[blockLength + 500] ?? 0) ^ 4
      return bytes
    },
  ],
  [
    'a length beyond the end',
    (bytes: Buffer) => {
      bytes.writeUInt32LE(2 ** 32 - 1, blockLength + 4)
      return bytes
    },
  ],
  ['nothing is left', () => Buffer.alloc(0)],
])('damaged: %s', async (_, damage) => {
  const dir = temporaryFolder()
  const { points } = openLastPoints(dir)
  for (let id = 0; id < 70_000; id++) points.note(id, 60, id)
  await points.save()
  const path = join(dir, 'last-points')
  writeFileSync(path, damage(readFileSync(path)))
  expect(openLastPoints(dir).file).toBe('damaged')
})

const blockLength = 16 + 65_536 * 24
