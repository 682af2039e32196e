import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseArgs } from './args.ts'
import { planPlugins } from './plan.ts'

let home: string
let dir: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'plan-'))
  dir = join(home, 'plugin')
  for (const path of ['sys/60_hello.sh', 'sys/30_short.sh', 'sys/README', 'sys/x_y.sh', 'app/20_args.sh', 'app/60']) {
    mkdirSync(join(dir, path, '..'), { recursive: true })
    writeFileSync(join(dir, path), '#!/bin/sh\n')
    utimesSync(join(dir, path), 1000, 1000)
  }
  mkdirSync(join(dir, 'sys/10_directory'))
})
afterEach(() => rmSync(home, { recursive: true }))

async function keys(...entries: string[]): Promise<string[]> {
  return [...(await planPlugins(dir, entries)).plugins.keys()].toSorted()
}

test('a directory gives its direct children that are named by their cycle', async () => {
  expect(await keys('sys')).toEqual(['sys/30_short.sh', 'sys/60_hello.sh'])
  expect(await keys('/sys/')).toEqual(['sys/30_short.sh', 'sys/60_hello.sh'])
  expect(await keys('')).toEqual([])
})

test('a bound file has parentheses in its key, and is left out of its directory', async () => {
  const plan = await planPlugins(dir, ['sys', 'sys/60_hello.sh', 'app/20_args.sh(one,two)', 'app/60'])
  expect(Object.fromEntries(plan.plugins)).toEqual({
    'sys/60_hello.sh()': { FilePath: 'sys/60_hello.sh', MTime: 1000, Cycle: 60, Args: '' },
    'app/20_args.sh(one,two)': { FilePath: 'app/20_args.sh', MTime: 1000, Cycle: 20, Args: 'one,two' },
    'app/60()': { FilePath: 'app/60', MTime: 1000, Cycle: 60, Args: '' },
    'sys/30_short.sh': { FilePath: 'sys/30_short.sh', MTime: 1000, Cycle: 30, Args: '' },
  })
})

test('what gives nothing to run says why', async () => {
  const { plugins, problems } = await planPlugins(dir, ['nonexistent', 'sys/README', 'sys/x_y.sh'])
  expect(plugins.size).toBe(0)
  expect(problems.map(({ entry }) => entry)).toEqual(['nonexistent', 'sys/README', 'sys/x_y.sh'])
  expect((await planPlugins(join(home, 'gone'), ['sys'])).problems[0]?.reason).toContain('missing')
})

test('nothing outside the plugin directory is run, by dots or by links', async () => {
  writeFileSync(join(home, '60_evil.sh'), '#!/bin/sh\n')
  symlinkSync(join(home, '60_evil.sh'), join(dir, 'sys/60_link.sh'))
  symlinkSync(home, join(dir, 'out'))
  const { plugins, problems } = await planPlugins(dir, ['../60_evil.sh', 'out', 'sys/60_link.sh', 'sys', '..'])
  expect([...plugins.keys()].toSorted()).toEqual(['sys/30_short.sh', 'sys/60_hello.sh'])
  expect(problems.filter(({ reason }) => reason.includes('outside')).map(({ entry }) => entry)).toEqual([
    '../60_evil.sh',
    'out',
    'sys/60_link.sh',
    '..',
    'sys: 60_link.sh',
  ])
})

test('on Windows backslashes divide too, case does not count, and only what it can start is run', async () => {
  for (const name of ['60_a.bat', '60_b.PS1', '60_c.exe', '60_d']) writeFileSync(join(dir, 'sys', name), '')
  const { plugins, problems } = await planPlugins(dir, ['sys', 'sys\\60_a.bat(x)', 'sys\\60_d', '..\\60_a.bat'], true)
  expect([...plugins.keys()].toSorted()).toEqual(['sys/60_a.bat(x)', 'sys/60_b.PS1', 'sys/60_c.exe'])
  expect(problems.map(({ reason }) => reason)).toEqual([
    'Windows runs .exe .com .bat .cmd .ps1 .vbs .py only',
    'no such file or directory',
  ])
})

test('arguments are divided at commas, escaped commas stay, blanks and quotes go', () => {
  expect(parseArgs('')).toEqual([])
  expect(parseArgs('one,two')).toEqual(['one', 'two'])
  expect(parseArgs(String.raw`a\,b, "c d" ,'e'`)).toEqual(['a,b', 'c d', 'e'])
  expect(parseArgs('one,,two,')).toEqual(['one', '', 'two'])
})
