import { strict as assert } from 'node:assert'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { planPlugins } from '../../agent/plugins/plan.ts'
import { createPluginRunner } from '../../agent/plugins/run-plugin.ts'
import type { PluginSettings } from '../../agent/plugins/run-plugin.ts'
import { createIntake } from '../../agent/sender/intake.ts'

// Runs in node.exe: plugins of each kind, started and ended as the agent does it. Prints a line for each that is right.

const home = mkdtempSync(join(tmpdir(), 'plugins of-'))
const dir = join(home, 'plugin')
mkdirSync(dir)
const pids = join(home, 'pids')

async function run(name: string, body: string | Buffer, args = '', settings: Partial<PluginSettings> = {}, cycle = 20) {
  writeFileSync(join(dir, name), body)
  const metrics: string[] = []
  const counters = createCounters()
  const intake = createIntake({
    fill: () => ({ endpoint: 'h', nowSeconds: 100, defaultTags: '' }),
    hold: async (items) => {
      for (const { metric, value, tags } of items) metrics.push(`${metric} ${String(value)} ${tags}`.trim())
      return true
    },
    counters,
  })
  const runPlugin = createPluginRunner({
    settings: () => ({
      dir,
      logs: join(home, 'logs'),
      cwd: home,
      outputKilobytes: 64,
      cpuPercent: 200,
      memoryMegabytes: 1024,
      processes: 64,
      leftovers: 'keep',
      ...settings,
    }),
    env: { PATH: process.env['PATH'] ?? '', SystemRoot: process.env['SystemRoot'] ?? '' },
    take: (items) => intake.take(items, 'plugin', 'whole text'),
    onRun: () => undefined,
    counters,
    log: createLogger('agent', { destination: { write: () => undefined } }),
    now: Date.now,
  })
  const last = await runPlugin(
    { FilePath: name, Args: args, MTime: 0, Cycle: cycle },
    undefined,
    new AbortController().signal,
  )
  return { ...last, metrics }
}

async function check(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
    process.stdout.write(`ok ${what}\n`)
  } catch (error) {
    process.stdout.write(`not ok ${what}: ${(error as Error).message.replaceAll('\n', ' ')}\n`)
  }
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A program that starts another, which writes down its number, and then waits like that. */
const starter = (then: string) =>
  `const { spawn } = require('node:child_process'); const { appendFileSync } = require('node:fs');
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600000)'], { detached: true, stdio: 'ignore' });
  child.unref(); appendFileSync(${JSON.stringify(pids)}, child.pid + ' '); ${then}`
const batchOf = (name: string, code: string) => {
  writeFileSync(join(home, `${name}.js`), code)
  return `@echo off\r\n"${process.execPath}" "${join(home, `${name}.js`)}"\r\n`
}
async function nobodyLeft(): Promise<void> {
  const started = readFileSync(pids, 'utf8').trim().split(' ').map(Number)
  assert.ok(started.length > 0)
  for (let round = 0; round < 100 && started.some(isAlive); round++)
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  assert.deepEqual(started.filter(isAlive), [])
}

void main()

async function main(): Promise<void> {
  await check('a batch file with lines', async () => {
    const { metrics, error } = await run('60_a.bat', '@echo off\r\necho jobs.open 3 queue=%~1\r\n', 'mail')
    assert.deepEqual({ metrics, error }, { metrics: ['jobs.open 3 queue=mail'], error: undefined })
  })
  await check('a command file with JSON', async () => {
    const item = '[{"metric":"a","value":1,"step":60,"counterType":"GAUGE"}]'
    assert.deepEqual((await run('60_a.cmd', `@echo ${item}\r\n`)).metrics, ['a 1'])
  })
  await check('arguments of a batch file are never commands', async () => {
    const evil = join(home, 'evil')
    const { metrics } = await run('60_b.bat', '@echo off\r\necho a 1 k=%~1\r\n', `x & echo x>${evil}`)
    assert.equal(existsSync(evil), false)
    assert.ok(metrics.length <= 1)
    assert.match((await run('60_b.bat', '@echo a 1\r\n', 'x" & calc & ')).error ?? '', /cannot be given/)
  })
  await check('a percent sign in an argument names no variable', async () => {
    const { metrics } = await run('60_c.bat', '@echo off\r\necho a 1 k=%~1\r\n', '%SystemRoot%')
    // Wine drops the last sign; Windows would not.
    assert.match(metrics[0] ?? '', /^a 1 k=%SystemRoot%?$/)
  })
  await check('a program', async () => {
    copyFileSync(join(process.env['SystemRoot'] ?? '', 'System32', 'whoami.exe'), join(dir, '60_who.exe'))
    const { error, exit } = await run('60_who.exe', readFileSync(join(dir, '60_who.exe')))
    assert.deepEqual(
      { exit, isText: error?.startsWith('Cannot read its output: it is not JSON') },
      { exit: 0, isText: true },
    )
  })
  await check('an exit code and stderr', async () => {
    const { error, exit } = await run('60_d.bat', '@echo why 1>&2\r\n@exit 3\r\n')
    assert.deepEqual({ error, exit }, { error: 'exit status 3: why', exit: 3 })
  })
  await check('output in the code page of the console', async () => {
    const bytes = Buffer.concat([Buffer.from('@echo off\r\necho a 1 k='), Buffer.from([0x82]), Buffer.from('\r\n')])
    assert.equal((await run('60_e.bat', bytes)).metrics.length, 1)
  })
  await check('a run that takes too long is ended with all it started', async () => {
    const { error } = await run('12_slow.bat', batchOf('slow', starter('setTimeout(() => {}, 600000)')), '', {}, 12)
    assert.match(error ?? '', /^killed after/)
    await nobodyLeft()
  })
  await check('nothing stays behind a run that ended', async () => {
    const { error } = await run('20_leave.bat', batchOf('leave', starter('process.exit(0)')))
    assert.equal(error, undefined)
    await nobodyLeft()
  })
  await check('more processes than allowed', async () => {
    const many = batchOf(
      'many',
      `${starter('')} for (let i = 0; i < 5; i++) spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600000)'], { stdio: 'ignore' })`,
    )
    assert.match(
      (await run('20_many.bat', many, '', { processes: 3 })).error ?? '',
      /^killed: \d+ processes, 3 are allowed/,
    )
    await nobodyLeft()
  })
  await check('paths of the plan', async () => {
    writeFileSync(join(home, '60_out.bat'), '')
    mkdirSync(join(dir, 'App'))
    for (const name of ['60_x.bat', '60_y.sh']) writeFileSync(join(dir, 'App', name), '')
    const { plugins, problems } = await planPlugins(dir, [
      'app',
      'App\\60_x.bat(1)',
      '..\\60_out.bat',
      'C:\\windows\\win.ini',
      'NUL',
      '60_a.bat::$DATA',
    ])
    assert.deepEqual([...plugins.keys()], ['App/60_x.bat(1)'])
    assert.equal(problems.length, 4, JSON.stringify(problems))
  })
}
