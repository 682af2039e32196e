import { appendFile, copyFile, mkdtemp, rename, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkContract } from './check.contract.ts'
import type { CheckFamily, Outcome } from './check.ts'
import { runChecks } from './fixture-run.ts'
import { createLogCount } from './log.ts'

let folder: string
let log: string
let family: CheckFamily
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-check-'))
  log = join(folder, 'app.log')
  await writeFile(log, 'ERROR of yesterday\n')
  family = createLogCount()
})
afterEach(() => rm(folder, { recursive: true }))

async function outcomeOf(tags: string): Promise<Outcome> {
  const [outcome] = await runChecks(family, [tags], { dataDir: join(folder, 'data') })
  return outcome ?? expect.fail('no outcome')
}
const count = async (tags = 'text=ERROR', file = log) => (await outcomeOf(`file=${file},${tags}`)).values['log.count']

test('what was there before is not counted, what comes is counted once', async () => {
  expect(await count()).toBe(0)
  await appendFile(log, 'ERROR 1\nfine\nERROR 2\n')
  expect(await count()).toBe(2)
  expect(await count()).toBe(0)
})

test('a line is counted when it is complete, and only then', async () => {
  await appendFile(log, 'ERR')
  expect(await count()).toBe(0)
  await appendFile(log, 'OR in the making')
  expect(await count()).toBe(0)
  await appendFile(log, '\n')
  expect(await count()).toBe(1)
  expect(await count()).toBe(0)
})

test('the last line that matched is shown, cut', async () => {
  await count()
  await appendFile(log, `ERROR 1\r\nERROR 2 ${'x'.repeat(1000)}\r\nfine\r\n`)
  expect(await outcomeOf(`file=${log},text=ERROR`)).toMatchObject({ note: `ERROR 2 ${'x'.repeat(292)}` })
  await appendFile(log, 'fine\n')
  expect((await outcomeOf(`file=${log},text=ERROR`)).note).toContain('ERROR 2')
})

test('an expression may be looked for, with or without a text', async () => {
  const both = 'text=ERROR,match=code=(4|5)[0-9]+$'
  expect([await count(both), await count('match=(?i)error')]).toEqual([0, 0])
  await appendFile(log, 'ERROR code=500\nerror code=500\nERROR code=200\n')
  expect([await count(both), await count('match=(?i)error')]).toEqual([1, 3])
})

test('GBK is read as such', async () => {
  const tags = 'text=%E9%94%99%E8%AF%AF,encoding=gbk'
  await count(tags)
  await appendFile(log, Buffer.from([0xb4, 0xed, 0xce, 0xf3, 0x0a]))
  expect(await count(tags)).toBe(1)
})

test('of a renamed file the rest is read, then the new one, also when a restart lies between', async () => {
  await count()
  await appendFile(log, 'ERROR 1\n')
  await rename(log, `${log}.1`)
  await writeFile(log, 'ERROR 2\nERROR 3\n')
  family = createLogCount()
  expect(await count()).toBe(3)
  await appendFile(`${log}.1`, 'ERROR 4\nERROR, the last line')
  expect(await count()).toBe(1)
  // Nobody writes to the old one any more, so its last line is one.
  expect(await count()).toBe(1)
  expect(await count()).toBe(0)
})

test('a file that was copied and cut is read from its begin', async () => {
  await count()
  await appendFile(log, 'ERROR 1\n')
  expect(await count()).toBe(1)
  await copyFile(log, `${log}.1`)
  await truncate(log, 0)
  await appendFile(log, 'ERROR 2\n')
  expect(await count()).toBe(1)
})

test('a file that was cut and has grown beyond what it was is another one', async () => {
  await count()
  await writeFile(log, `ERROR of today\n${'fine\n'.repeat(100)}ERROR\n`)
  expect(await count()).toBe(2)
})

test('a file that is deleted and made anew is read from its begin', async () => {
  await count()
  await unlink(log)
  expect(await outcomeOf(`file=${log},text=ERROR`)).toMatchObject({
    values: { 'log.count': 0, 'log.behind': 0 },
    reason: 'there is no such file',
  })
  await writeFile(log, 'ERROR 1\nERROR 2\nERROR 3\nERROR 4\n')
  expect(await count()).toBe(4)
})

test('of dated names each is followed, and a new one is read from its begin', async () => {
  const dated = join(folder, 'app-*.log')
  await writeFile(join(folder, 'app-01.log'), 'ERROR\n')
  expect(await count('text=ERROR', dated)).toBe(0)
  await appendFile(join(folder, 'app-01.log'), 'ERROR\n')
  await writeFile(join(folder, 'app-02.log'), 'ERROR\nERROR\n')
  expect(await count('text=ERROR', dated)).toBe(3)
})

test('a restart neither skips nor repeats lines, and each check has its own place', async () => {
  expect([await count(), await count('text=WARN')]).toEqual([0, 0])
  await appendFile(log, 'ERROR 1\nWARN 1\n')
  expect(await count()).toBe(1)
  family = createLogCount()
  await appendFile(log, 'ERROR 2\n')
  expect([await count(), await count('text=WARN')]).toEqual([1, 1])
})

test('places that are damaged are none: counting begins anew with what comes', async () => {
  await count()
  await writeFile(join(folder, 'data/log-positions.json'), '{"a": {"positions": [1]}, ')
  family = createLogCount()
  await appendFile(log, 'ERROR 1\n')
  expect(await count()).toBe(0)
  await appendFile(log, 'ERROR 2\n')
  expect(await count()).toBe(1)
})

test('places that cannot be kept are told', async () => {
  await writeFile(join(folder, 'data'), 'not a folder')
  expect((await outcomeOf(`file=${log},text=ERROR`)).reason).toContain('after a restart lines may be missing: E')
})

test('no more than the limit is read in a round, and what is left is told and read later', async () => {
  const tags = 'text=ERROR,megabytes=1'
  await count(tags)
  const line = `ERROR ${'x'.repeat(93)}\n`
  await appendFile(log, line.repeat(25_000))
  const first = await outcomeOf(`file=${log},${tags}`)
  expect(first.values['log.count']).toBe(Math.floor(2 ** 20 / 100))
  expect(first.values['log.behind']).toBe(100 * (25_000 - Math.floor(2 ** 20 / 100)))
  expect(first.reason).toContain('bytes could not be looked through yet: more than 1 MB came in a round')
  expect((await count(tags)) ?? 0).toBe(Math.floor(2 ** 20 / 100))
  expect(await outcomeOf(`file=${log},${tags}`)).toMatchObject({
    values: { 'log.count': 25_000 - 2 * Math.floor(2 ** 20 / 100), 'log.behind': 0 },
  })
})

test('a line longer than what is held at once counts once', async () => {
  await count()
  await appendFile(log, `ERROR ${'x'.repeat(400_000)} ERROR\nERROR\n`)
  expect(await count()).toBe(2)
  expect(await count()).toBe(0)
})

test('a folder is no log', async () => {
  expect((await outcomeOf(`file=${folder},text=a`)).reason).toBe('there is no such file')
})

checkContract(
  createLogCount(),
  [
    'file=/absent/app.log,text=a, b=c',
    'file=/absent/*.log,match=a|b,encoding=gbk',
    'file=/absent/a,b.log,text=a,megabytes=2',
  ],
  [
    'file=/a',
    'text=a',
    'file=a,text=b',
    'file=/a,match=(',
    'file=/a,text=b,encoding=utf-16',
    'file=/a,text=b,megabytes=0',
  ],
)
