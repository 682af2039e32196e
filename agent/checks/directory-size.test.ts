import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Host } from '../host/host.ts'
import { createLinuxHost } from '../host/linux.ts'
import { StuckError } from '../host/slow-calls.ts'
import { checkContract } from './check.contract.ts'
import { directorySize } from './directory-size.ts'
import { runCheck, runChecks } from './fixture-run.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'directory-size-'))
})
afterEach(() => rm(folder, { recursive: true }))

const size = (path: string) => runCheck(directorySize, `path=${path}`)

test('a folder has the size of all that is in it', async () => {
  const empty = (await size(folder)) ?? 0
  await writeFile(join(folder, 'a=b, c'), 'x'.repeat(1234))
  expect(await size(folder)).toBe(empty + 1234)
})

test('a path may hold blanks inside, commas and equals signs', async () => {
  const path = join(folder, 'a=b, c')
  await mkdir(path)
  expect(await size(path)).toBeGreaterThan(-1)
})

test('a folder that is not there has the size -1', async () => {
  expect(await size(join(folder, 'absent'))).toBe(-1)
})

test('one that cannot be measured in time has the size -1, and others are measured all the same', async () => {
  const real = createLinuxHost({ root: '/' })
  const deadlines: number[] = []
  const host: Host = {
    ...real,
    async treeSize(path, deadlineMs) {
      deadlines.push(deadlineMs)
      if (path !== folder) throw new StuckError(`directory ${path}`, 'hangs', deadlineMs)
      return await real.treeSize(path, deadlineMs)
    },
  }
  await mkdir(join(folder, 'deep/er'), { recursive: true })
  const outcomes = await runChecks(directorySize, [`path=${join(folder, 'deep')}`, `path=${folder}`], { host })
  expect(outcomes.map(({ values }) => Math.sign(values['du.bs'] ?? 0))).toEqual([-1, 1])
  expect(outcomes.map(({ reason }) => reason)).toEqual([
    `Cannot get an answer from directory ${join(folder, 'deep')}: waiting for 30.0 s`,
    undefined,
  ])
  expect(deadlines).toEqual([30_000, 30_000])
})

checkContract(
  directorySize,
  ['path=/etc/apt', 'path=/absent/folder', String.raw`path=C:\Program Files`, 'path=d:/data'],
  ['path=', 'path=relative', 'path=C:data', String.raw`path=\data`, 'dir=/etc', 'path'],
)
