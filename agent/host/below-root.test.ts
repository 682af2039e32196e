import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createBelowRoot } from './below-root.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'below-root-'))
  mkdirSync(join(root, 'data/logs'), { recursive: true })
  mkdirSync(join(root, 'var'))
  symlinkSync('/data/logs', join(root, 'var/log'))
  symlinkSync('../../../../../data', join(root, 'var/above'))
  symlinkSync('log', join(root, 'var/again'))
  symlinkSync('/circle', join(root, 'circle'))
})
afterEach(() => rmSync(root, { recursive: true }))

test.each([
  ['/data/logs/a', 'data/logs/a'],
  ['/var/log', 'data/logs'],
  ['/var/log/a', 'data/logs/a'],
  ['/var/again/a', 'data/logs/a'],
  ['/var/above/logs/../b', 'data/b'],
  ['/var/log/absent/c', 'data/logs/absent/c'],
  ['/', ''],
  ['/data/logs/..', 'data'],
])('%s of the host is %s below its root', async (path, place) => {
  const at = createBelowRoot(root)
  expect(await at(path)).toBe(join(root, place))
  expect(await at(path)).toBe(join(root, place))
})

test('links in a circle are refused', async () => {
  await expect(createBelowRoot(root)('/circle/a')).rejects.toThrow('Cannot find /circle/a: its links lead in a circle')
})

test('on the host itself a path is where it says', () => {
  expect(createBelowRoot('/')('/var/log')).toBe('/var/log')
})
