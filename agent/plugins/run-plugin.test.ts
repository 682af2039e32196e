import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import { linuxGuards } from '../processes/linux-guard.ts'
import { createIntake } from '../sender/intake.ts'
import { createPluginRunner } from './run-plugin.ts'
import type { LastRun, PluginSettings } from './run-plugin.ts'

vi.setConfig({ testTimeout: 30_000 })

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'run-plugin-'))
  mkdirSync(join(home, 'plugin'))
})
afterEach(() => rmSync(home, { recursive: true }))

/** A plugin with this text, run as often as asked, each time with what the run before left. */
function plugin(
  name: string,
  text: string,
  options: { mode?: number; settings?: Partial<PluginSettings>; cycle?: number } = {},
) {
  const { mode = 0o755, settings = {}, cycle = 20 } = options
  writeFileSync(join(home, 'plugin', name), text)
  chmodSync(join(home, 'plugin', name), mode)
  const metrics: string[] = []
  const counters = createCounters()
  const intake = createIntake({
    fill: () => ({ endpoint: 'h', nowSeconds: 100, defaultTags: '' }),
    hold: async (items) => {
      for (const { metric, value } of items) metrics.push(`${metric} ${String(value)}`)
      return true
    },
    counters,
  })
  const run = createPluginRunner({
    settings: () => ({
      dir: join(home, 'plugin'),
      logs: join(home, 'logs'),
      cwd: home,
      outputKilobytes: 64,
      cpuPercent: 200,
      memoryMegabytes: 1024,
      processes: 64,
      leftovers: 'keep',
      ...settings,
    }),
    env: { PATH: process.env['PATH'] ?? '' },
    take: (items) => intake.take(items, 'plugin', 'whole text'),
    onRun: () => undefined,
    counters,
    log: createLogger('agent', { destination: { write: () => undefined } }),
    now: Date.now,
  })
  let last: LastRun | undefined
  const once = async () =>
    (last = await run({ FilePath: name, Args: '', MTime: 0, Cycle: cycle }, last, new AbortController().signal))
  return { once, metrics, counters }
}

test('a file that cannot be started says what to do about it', async () => {
  const error = async (name: string, text: string, mode?: number) =>
    (await plugin(name, text, mode === undefined ? {} : { mode }).once()).error
  expect(await error('1_plain.sh', 'echo "[]"\n')).toMatch(/^not started: exec format error: it has no #! line/)
  expect(await error('1_notes.txt', 'Read me first.\n')).toContain('exec format error')
  expect(await error('1_empty.sh', '')).toContain('exec format error')
  expect(await error('1_crlf.sh', '#!/bin/sh\r\necho "[]"\r\n')).toContain('lines end with CR LF')
  expect(await error('1_crlf.py', '#!/usr/bin/env sh\r\necho "[]"\r\n')).toContain('lines end with CR LF')
  expect(await error('1_odd.sh', '#!/nonexistent/lua -x\n')).toContain('its interpreter /nonexistent/lua is missing')
  expect(await error('1_locked.sh', '#!/bin/sh\n', 0o644)).toContain('EACCES: make it executable with chmod +x')
  expect(await error('1_env.sh', '#!/usr/bin/env nonexistent-lua\n')).toMatch(/^exit status 127: .*nonexistent-lua/)
})

test('a program without a first line for the system is started as ever', async () => {
  const { once } = plugin('1_true', '')
  copyFileSync('/bin/true', join(home, 'plugin/1_true'))
  expect(await once()).toMatchObject({ exit: 0, error: undefined })
})

test('endless output to either side ends, or is dropped, and the reason is told', async () => {
  expect((await plugin('1_out.sh', '#!/bin/sh\nyes\n').once()).error).toBe('too much output')
  const errors = plugin('1_err.sh', '#!/bin/sh\nyes >&2 & sleep 0.2; kill $!; echo a 1\n')
  expect(await errors.once()).toMatchObject({ error: undefined, samples: 1 })
  expect(readFileSync(join(home, 'logs/1_err.sh().stderr.log'))).toHaveLength(65_536)
})

test('lines and Nagios plugins give samples; a status is not a failure, a failing plugin is', async () => {
  const lines = plugin('20_jobs.sh', '#!/bin/sh\necho jobs.open 3 queue=mail\n')
  expect(await lines.once()).toMatchObject({ samples: 1, error: undefined })
  expect(lines.metrics).toEqual(['jobs.open 3'])
  const check = plugin('20_check_queue', '#!/bin/sh\necho "QUEUE CRITICAL - 12 | open=12;5;10"; exit 2\n')
  expect(await check.once()).toMatchObject({ samples: 2, error: undefined, exit: 2, message: 'QUEUE CRITICAL - 12' })
  expect(check.metrics).toEqual(['nagios.status 2', 'nagios.queue 12'])
  const broken = plugin('20_check_broken', '#!/bin/sh\necho "| a=1"; echo why >&2; exit 100\n')
  expect(await broken.once()).toMatchObject({ samples: 0, error: 'exit status 100: why' })
  expect(broken.counters.get('plugin.runs.failed')).toBe(1)
})

test('a plugin over its limits is killed and says which', async () => {
  const many = plugin('20_many.sh', '#!/bin/sh\ni=0; while [ $i -lt 20 ]; do sleep 600 & i=$((i+1)); done; wait\n', {
    settings: { processes: 5 },
  })
  expect((await many.once()).error).toMatch(/^killed: \d+ processes, 5 are allowed$/)
  // 5 % of 20 s.
  const busy = plugin('20_busy.sh', '#!/bin/sh\nwhile :; do :; done\n', { settings: { cpuPercent: 5 } })
  expect((await busy.once()).error).toMatch(/^killed: \d\.\d s of processor time, 1 s are allowed$/)
})

const service = `#!/bin/sh
(setsid sh -c 'echo 1 > started; exec sleep 600' >/dev/null 2>&1 &)
until [ -s started ]; do sleep 0.02; done
rm started
echo a 1
`

test('a service that a plugin starts goes on, but no more of them than one run may have processes', async () => {
  const { once } = plugin('20_service.sh', service, { settings: { processes: 2 } })
  const first = await once()
  expect(first).toMatchObject({ error: undefined, samples: 1 })
  expect(first.left.map(({ name }) => name)).toEqual(['sleep'])
  const second = await once()
  expect(linuxGuards.alive(second.left)).toHaveLength(2)
  const third = await once()
  expect(third.error).toBe('its runs left 3 processes running, 2 are allowed: they were ended')
  expect(third.left).toEqual([])
  expect(linuxGuards.alive(second.left)).toEqual([])
})

test('where nothing may stay behind it is ended with the run', async () => {
  const { once } = plugin('20_service.sh', service, { settings: { leftovers: 'end' } })
  expect(await once()).toMatchObject({ error: undefined, samples: 1, left: [] })
  expect(existsSync(join(home, 'started'))).toBe(false)
})
