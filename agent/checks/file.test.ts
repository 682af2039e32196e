import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Host } from '../host/host.ts'
import { createLinuxHost } from '../host/linux.ts'
import { StuckError } from '../host/slow-calls.ts'
import { checkContract } from './check.contract.ts'
import type { Outcome } from './check.ts'
import { file } from './file.ts'
import { runChecks } from './fixture-run.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-check-'))
  await mkdir(join(folder, 'queue/done/old'), { recursive: true })
  await write('queue/a.job', 10, 100)
  await write('queue/b, 2=two.job', 20, 200)
  await write('queue/.hidden.job', 1, 1)
  await write('queue/done/c.job', 40, 4000)
  await write('queue/done/old/d.txt', 80, 8000)
})
afterEach(() => rm(folder, { recursive: true }))

async function write(name: string, bytes: number, secondsAgo: number): Promise<void> {
  const path = join(folder, name)
  await writeFile(path, 'x'.repeat(bytes))
  const time = Date.now() / 1000 - secondsAgo
  await utimes(path, time, time)
}

async function count(tags: string, host?: Host): Promise<Outcome> {
  const [outcome] = await runChecks(file, [`path=${folder}/${tags}`], host && { host })
  return outcome ?? expect.fail('no outcome')
}

test('a file is one, with its size and age', async () => {
  const { values } = await count('queue/a.job')
  expect(values).toMatchObject({ 'file.count': 1, 'file.size': 10 })
  expect(values['file.age.newest']).toBeGreaterThanOrEqual(100)
  expect(values['file.age.newest']).toBeLessThan(200)
  expect(values['file.age.oldest']).toBe(values['file.age.newest'])
})

test.each([
  ['queue/*.job', 2, 30],
  ['queue/?.job', 1, 10],
  ['queue/.*.job', 1, 1],
  ['queue/b, 2=two.job', 1, 20],
  ['*/done/*', 1, 40],
  ['queue,depth=1', 3, 31],
  ['queue,depth=2', 4, 71],
  ['queue,depth=20', 5, 151],
  ['queue/done,depth=1', 1, 40],
])('files that fit %s are counted', async (tags, files, bytes) => {
  expect((await count(tags)).values).toMatchObject({ 'file.count': files, 'file.size': bytes })
})

test.each([
  ['queue,kind=folder', 1],
  ['queue,kind=folder,depth=5', 3],
  ['queue/*,kind=any', 3],
  ['queue/a.job,kind=folder', 0],
])('folders are counted where they are asked for: %s', async (tags, folders) => {
  expect((await count(tags)).values['file.count']).toBe(folders)
})

test('newest and oldest are those of all', async () => {
  const { values } = await count('queue/*.job')
  expect(values['file.age.newest']).toBeLessThan(150)
  expect(values['file.age.oldest']).toBeGreaterThanOrEqual(200)
})

test('where there is none, the count is 0 and there is no age', async () => {
  expect(await count('absent/*')).toMatchObject({
    values: { 'file.count': 0, 'file.size': 0 },
    reason: 'there is none',
  })
  expect((await count('queue/a.job/b')).values).toEqual({ 'file.count': 0, 'file.size': 0 })
})

test('a link counts as what it leads to, if it leads anywhere, and a circle of links ends', async () => {
  await symlink(join(folder, 'queue/a.job'), join(folder, 'link.job'))
  await symlink('/absent', join(folder, 'dead.job'))
  await symlink(folder, join(folder, 'circle'))
  expect((await count('*.job')).values).toMatchObject({ 'file.count': 1, 'file.size': 10 })
  expect((await count(',depth=20')).values['file.count']).toBe(6)
})

test('a file system that does not answer costs only its own check', async () => {
  const real = createLinuxHost({ root: '/' })
  const host: Host = {
    ...real,
    async walkFiles(name, deadlineMs, walk) {
      if (name.includes('dead')) throw new StuckError(name, 'hangs', deadlineMs)
      return await real.walkFiles(name, deadlineMs, walk)
    },
  }
  const [dead, fine] = await runChecks(file, ['path=/dead/*', `path=${folder}/queue/a.job`], { host })
  expect(dead?.values).toEqual({})
  expect(dead?.reason).toContain('waiting for 30.0 s')
  expect(fine?.values['file.count']).toBe(1)
})

checkContract(
  file,
  ['path=/etc/hosts', 'path=/etc/*.conf,depth=1', 'kind=folder,path=/absent/a,b=c'],
  ['path=', 'path=relative', 'path=/a,depth=21', 'path=/a,kind=link', 'depth=1'],
)
