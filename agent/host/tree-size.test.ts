import { execFileSync } from 'node:child_process'
import { link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createPlaces } from './places.ts'
import { treeSize } from './tree-size.ts'

let folder: string
const never = new AbortController().signal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tree-size-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Newer versions of `du` leave the folders themselves out; what is the same in all is compared. */
function du(path: string): number {
  const folders = execFileSync('find', [path, '-type', 'd', '-printf', '%s\n']).toString().trim().split('\n')
  const files = execFileSync('find', [path, '!', '-type', 'd', '-printf', '%i %s\n']).toString().trim().split('\n')
  const once = new Map(files.filter(Boolean).map((line) => line.split(' ') as [string, string]))
  return [...folders, ...once.values()].reduce((sum, size) => sum + Number(size), 0)
}

test('files, folders, holes, links and files with several names count as for du', async () => {
  await mkdir(join(folder, 'a/b/c'), { recursive: true })
  await writeFile(join(folder, 'a/one'), 'x'.repeat(1000))
  await link(join(folder, 'a/one'), join(folder, 'a/b/one again'))
  await writeFile(join(folder, 'sparse'), '')
  await truncate(join(folder, 'sparse'), 5_000_000)
  await symlink('/usr', join(folder, 'a/b/c/link'))
  const size = await treeSize(folder, never, createPlaces(1))
  expect(size).toBe(du(folder))
  expect(size).toBeGreaterThan(5_001_000)
  expect(size).toBeLessThan(5_100_000)
})

test('a single file has its own size, a link to a folder that of the link', async () => {
  await writeFile(join(folder, 'file'), 'x'.repeat(77))
  await symlink(folder, join(folder, 'link'))
  expect(await treeSize(join(folder, 'file'), never, createPlaces(1))).toBe(77)
  expect(await treeSize(join(folder, 'link'), never, createPlaces(1))).toBe(folder.length)
})

test('a path that is not there is told', async () => {
  await expect(treeSize(join(folder, 'absent'), never, createPlaces(1))).rejects.toThrow('ENOENT')
})

test('it stops when it is told to', async () => {
  await writeFile(join(folder, 'file'), 'x')
  const stopped = AbortSignal.abort(new Error('time is up'))
  await expect(treeSize(folder, stopped, createPlaces(1))).rejects.toThrow('time is up')
})

test('others get their turn while a large folder is measured', async () => {
  for (let i = 0; i < 300; i++) await writeFile(join(folder, `${i}`), '')
  let turns = 0
  const others = setInterval(() => turns++, 0)
  await treeSize(folder, never, createPlaces(1))
  clearInterval(others)
  expect(turns).toBeGreaterThan(1)
})

test('a small folder is measured while a large one is', async () => {
  await mkdir(join(folder, 'large'))
  await mkdir(join(folder, 'small'))
  for (let i = 0; i < 300; i++) await writeFile(join(folder, 'large', `${i}`), '')
  const places = createPlaces(1)
  const ended: string[] = []
  const measure = async (name: string) => {
    await treeSize(join(folder, name), never, places)
    ended.push(name)
  }
  await Promise.all([measure('large'), measure('small')])
  expect(ended).toEqual(['small', 'large'])
})

test('files that come and go while it measures do no harm', async () => {
  for (let i = 0; i < 100; i++) await writeFile(join(folder, `${i}`), '')
  const measuring = treeSize(folder, never, createPlaces(1))
  for (let i = 99; i >= 0; i--) await rm(join(folder, `${i}`))
  expect(await measuring).toBeGreaterThan(0)
})
