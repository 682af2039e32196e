import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ReceivedItem } from '#protocol'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { nextTick, phaseOf } from '../schedule.ts'
import { createIntake } from '../sender/intake.ts'
import { planPlugins } from './plan.ts'
import { createPluginRunner } from './run-plugin.ts'
import type { LastRun } from './run-plugin.ts'
import { createPluginScheduler } from './scheduler.ts'
import type { PluginScheduler } from './scheduler.ts'

// Cycles are of whole seconds, so these tests take a few.
vi.setConfig({ testTimeout: 20_000 })

let home: string
let schedulers: PluginScheduler[]
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'plugins-'))
  mkdirSync(join(home, 'plugin'))
  schedulers = []
})
afterEach(async () => {
  await Promise.all(schedulers.map((scheduler) => scheduler.stop()))
  rmSync(home, { recursive: true })
})

function script(path: string, body: string): void {
  const file = join(home, 'plugin', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `#!/bin/sh\n${body}\n`)
  chmodSync(file, 0o755)
}

const item = (metric: string) =>
  JSON.stringify([{ endpoint: 'h', metric, value: 1, step: 1, counterType: 'GAUGE', tags: '', timestamp: 5 }])

const hold = { current: false }

function start(parallel = 10, placeMs = 30_000, now: () => number = Date.now) {
  const held: ReceivedItem[] = []
  const counters = createCounters()
  const intake = createIntake({
    fill: () => ({ endpoint: 'h', nowSeconds: 100, defaultTags: '' }),
    hold: async (items) => {
      held.push(...items)
      return true
    },
    counters,
  })
  const runs: LastRun[] = []
  const log = createLogger('agent', { destination: { write: () => undefined } })
  const scheduler = createPluginScheduler({
    run: createPluginRunner({
      settings: () => ({
        dir: join(home, 'plugin'),
        logs: join(home, 'logs'),
        cwd: home,
        outputKilobytes: 64,
        cpuPercent: 200,
        memoryMegabytes: 1024,
        processes: 64,
        leftovers: 'keep',
      }),
      env: { PATH: process.env['PATH'] ?? '' },
      take: (output) => intake.take(output, 'plugin', 'whole text'),
      onRun: (_plugin, run) => runs.push(run),
      counters,
      log,
      now,
    }),
    parallel: () => parallel,
    isHeld: () => hold.current,
    hostname: () => 'h',
    counters,
    log,
    now,
    placeMs,
  })
  schedulers.push(scheduler)
  const bind = async (...entries: string[]) => scheduler.apply(await planPlugins(join(home, 'plugin'), entries))
  const ran = (key: string) =>
    vi.waitFor(
      () => {
        const last = scheduler.states().get(key)?.last
        expect(last).toBeDefined()
        return last
      },
      { timeout: 10_000 },
    )
  return { scheduler, held, counters, bind, ran }
}

test('what a plugin prints is taken, with its arguments', async () => {
  script('app/1_args.sh', `[ "$1" = one ] && [ "$2" = "b,c" ] && echo '${item('plugin.args')}'`)
  const { bind, ran, held } = start()
  await bind(String.raw`app/1_args.sh(one,b\,c)`)
  expect(await ran(String.raw`app/1_args.sh(one,b\,c)`)).toMatchObject({ exit: 0, samples: 1, error: undefined })
  expect(held[0]).toMatchObject({ metric: 'plugin.args', endpoint: 'h', step: 1, timestamp: 5 })
})

test('a failing plugin counts for nothing unless it wrote to stderr, which is kept in a file', async () => {
  script('1_silent.sh', `echo '${item('silent')}'; exit 3`)
  script('1_loud.sh', `echo '${item('loud')}'; echo oops >&2; exit 3`)
  const { bind, ran, held } = start()
  await bind('1_silent.sh', '1_loud.sh(a/../b)')
  expect(await ran('1_silent.sh()')).toMatchObject({ exit: 3, samples: 0, error: 'exit status 3' })
  await ran('1_loud.sh(a/../b)')
  expect(held.map(({ metric }) => metric)).toContain('loud')
  expect(held.map(({ metric }) => metric)).not.toContain('silent')
  expect(readFileSync(join(home, 'logs', '1_loud.sh(a_.._b).stderr.log'), 'utf8')).toBe('oops\n')
})

test('output that is no JSON, a missing interpreter and a missing right to run are named', async () => {
  script('1_text.sh', 'echo hello')
  script('1_half.sh', `echo '${item('half')} x'`)
  script('1_locked.sh', 'true')
  chmodSync(join(home, 'plugin/1_locked.sh'), 0o644)
  writeFileSync(join(home, 'plugin/1_odd.sh'), '#!/nonexistent/interpreter\n')
  chmodSync(join(home, 'plugin/1_odd.sh'), 0o755)
  script(
    '1_mixed.sh',
    `echo '[{"metric":"good","value":1,"step":1,"counterType":"GAUGE"},{"metric":"bad","value":true}]'`,
  )
  const { bind, ran, held } = start()
  await bind('1_text.sh', '1_half.sh', '1_locked.sh', '1_odd.sh', '1_mixed.sh')
  expect((await ran('1_text.sh()'))?.error).toContain('not JSON')
  expect((await ran('1_half.sh()'))?.error).toContain('something follows')
  expect((await ran('1_locked.sh()'))?.error).toContain('EACCES')
  expect((await ran('1_odd.sh()'))?.error).toContain('ENOENT')
  expect((await ran('1_mixed.sh()'))?.error).toContain('first item 1')
  expect(held.some(({ metric }) => metric === 'good')).toBe(true)
})

test('a plugin that takes longer than its cycle or never ends printing is killed, and others go on', async () => {
  script('1_slow.sh', 'sleep 30')
  script('1_quick.sh', `echo '${item('quick')}'`)
  script('1_endless.sh', 'yes')
  const { bind, ran, counters } = start(3)
  await bind('1_slow.sh', '1_quick.sh', '1_endless.sh')
  expect((await ran('1_slow.sh()'))?.error).toContain('killed')
  expect((await ran('1_endless.sh()'))?.error).toContain('too much output')
  await ran('1_quick.sh()')
  expect(counters.get('plugin.runs.ok')).toBeGreaterThan(0)
})

test('more plugins than may run at once wait their turn, and one that waits is not asked for twice', async () => {
  for (let i = 0; i < 12; i++) script(`many/1_p${i}.sh`, 'sleep 0.3')
  const { bind, counters, scheduler } = start(2)
  await bind('many')
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, [...scheduler.states().values()].filter(({ running }) => running).length)
  }, 5)
  await vi.waitFor(() => expect(counters.get('plugin.skipped')).toBeGreaterThan(0), { timeout: 10_000 })
  clearInterval(watch)
  expect(peak).toBe(2)
})

test('a plugin that hangs in a long cycle does not keep the others from running', async () => {
  script('3600_hang.sh', 'exec sleep 600')
  script('1_quick.sh', `echo '${item('quick')}'`)
  const hour = 3_600_000
  const early = nextTick(Date.now(), hour, phaseOf('h/3600_hang.sh()', hour)) - 50 - Date.now()
  const { bind, ran, scheduler } = start(1, 300, () => Date.now() + early)
  await bind('3600_hang.sh')
  await vi.waitFor(() => expect(scheduler.states().get('3600_hang.sh()')?.running).toBe(true))
  await bind('3600_hang.sh', '1_quick.sh')
  expect(await ran('1_quick.sh()')).toMatchObject({ samples: 1 })
  expect(scheduler.states().get('3600_hang.sh()')?.running).toBe(true)
})

test('while files are replaced nothing is started; what was due then starts when that is over', async () => {
  script('1_a.sh', `echo '${item('a')}'`)
  const { bind, ran, scheduler, counters } = start()
  hold.current = true
  try {
    await bind('1_a.sh')
    // Due, and due again while the first is still held.
    await vi.waitFor(() => expect(counters.get('plugin.skipped')).toBeGreaterThan(0), { timeout: 10_000 })
    expect(scheduler.states().get('1_a.sh()')).toMatchObject({ running: false, last: undefined })
  } finally {
    hold.current = false
  }
  await bind('1_a.sh')
  expect(scheduler.states().get('1_a.sh()')?.running).toBe(true)
  expect(await ran('1_a.sh()')).toMatchObject({ samples: 1 })
})

test('what is no longer bound stops, and a changed file is shown with its new time', async () => {
  script('1_a.sh', `echo a >> ${home}/a`)
  const { bind, scheduler, ran } = start()
  await bind('1_a.sh')
  await ran('1_a.sh()')
  script('1_a.sh', `echo b >> ${home}/b`)
  await bind('1_a.sh')
  expect(scheduler.states().get('1_a.sh()')?.plugin.MTime).toBe(
    Math.floor(statSync(join(home, 'plugin/1_a.sh')).mtimeMs / 1000),
  )
  await vi.waitFor(() => expect(existsSync(join(home, 'b'))).toBe(true), { timeout: 10_000 })
  await bind()
  expect(scheduler.states().size).toBe(0)
})
