import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
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
