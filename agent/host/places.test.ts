import { expect, test } from 'vitest'
import { createPlaces } from './places.ts'

test('never more are in use than there are, and all get one', async () => {
  const places = createPlaces(2)
  let inUse = 0
  let most = 0
  const use = () =>
    places.use(async () => {
      most = Math.max(most, ++inUse)
      await new Promise(setImmediate)
      inUse--
    })
  await Promise.all(Array.from({ length: 20 }, use))
  expect(most).toBe(2)
  expect(inUse).toBe(0)
})

test('who asks first is served first', async () => {
  const places = createPlaces(1)
  const served: number[] = []
  await Promise.all([1, 2, 3].map((n) => places.use(async () => void served.push(n))))
  expect(served).toEqual([1, 2, 3])
})

test('a place is given back when its user fails', async () => {
  const places = createPlaces(1)
  await expect(places.use(() => Promise.reject(new Error('EIO')))).rejects.toThrow('EIO')
  expect(await places.use(async () => 'next')).toBe('next')
})
