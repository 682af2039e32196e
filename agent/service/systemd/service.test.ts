import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Ended } from '../execute.ts'
import type { Service } from '../service.ts'
import { createSystemdService } from './service.ts'

const limits = { memoryMegabytes: 0, cpuPercent: 0 }
let folder: string
let unitFile: string
/** The calls of systemctl, and a unit that is as the last of them made it. */
let calls: string[]
let active: boolean
let root: boolean
let fails: string | undefined
let backgroundRuns: boolean

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'falcon-unit-'))
  unitFile = join(folder, 'falcon-agent.service')
  calls = []
  active = false
  root = true
  fails = undefined
  backgroundRuns = false
})
afterEach(() => rmSync(folder, { recursive: true }))

async function systemctl(_program: string, args: readonly string[]): Promise<Ended> {
  const [verb = ''] = args
  const shown: Record<string, string> = {
    ActiveState: active ? 'active' : 'inactive',
    MainPID: active ? '4711' : '0',
    ActiveEnterTimestamp: 'Wed 2026-11-25 14:00:00 UTC',
    NRestarts: '2',
  }
  const property = args.find((word) => word.startsWith('--property='))?.slice('--property='.length)
  if (property !== undefined) return { code: 0, output: `${property}=${shown[property]}` }
  calls.push(args.join(' '))
  if (verb === fails) return { code: 1, output: 'Access denied' }
  if (verb === 'start') active = true
  if (verb === 'stop') active = false
  return { code: 0, output: '' }
}

function service(): Service {
  const background: Service = {
    install: async () => ({ ok: false, text: 'never asked' }),
    uninstall: async () => ({ ok: true, text: 'never asked' }),
    start: async () => ({ ok: true, text: 'started in the background' }),
    stop: async () => ({ ok: true, text: 'stopped in the background' }),
    state: async () => ({ installed: false, running: backgroundRuns, text: 'in the background' }),
  }
  return createSystemdService({ background, unitFile, run: systemctl, isRoot: () => root })
}

test('install writes the unit and has it started with the machine; a second time it has nothing to do', async () => {
  expect(await service().install(['--config', '/etc/a.json'], limits)).toMatchObject({ ok: true })
  expect(readFileSync(unitFile, 'utf8')).toMatch(/^ExecStart=.* "run-service" "--config" "\/etc\/a\.json"$/m)
  expect(calls).toEqual(['daemon-reload', 'enable falcon-agent.service'])
  expect(await service().install(['--config', '/etc/a.json'], limits)).toEqual({
    ok: true,
    text: 'is installed already as falcon-agent.service',
  })
  const other = await service().install([], { ...limits, cpuPercent: 10 })
  expect(other).toMatchObject({ ok: true, text: expect.stringContaining('brought up to date') })
  expect(readFileSync(unitFile, 'utf8')).toContain('CPUQuota=10%')
})

test('start, status, stop and uninstall say what has become of it, and are content with what is done already', async () => {
  await service().install([], limits)
  expect(await service().start([])).toEqual({ ok: true, text: 'started (pid 4711)' })
  expect(await service().start([])).toEqual({ ok: true, text: 'is already running (pid 4711)' })
  expect(await service().state()).toMatchObject({ installed: true, running: true, pid: 4711 })
  expect((await service().state()).text).toMatch(/since Wed 2026-11-25 .* restarted 2 times/)
  expect(await service().stop()).toEqual({ ok: true, text: 'stopped' })
  expect(await service().stop()).toEqual({ ok: true, text: 'was not running' })
  expect(await service().uninstall()).toMatchObject({ ok: true, text: expect.stringContaining('removed') })
  expect(existsSync(unitFile)).toBe(false)
  expect(await service().uninstall()).toEqual({ ok: true, text: 'is not installed' })
})

test('who is not root is told so, and nothing is written', async () => {
  root = false
  expect(await service().install([], limits)).toEqual({
    ok: false,
    text: 'only root may do that; try: sudo agent install',
  })
  expect(existsSync(unitFile)).toBe(false)
  expect(calls).toEqual([])
})

test('what systemd refuses is told with its own words', async () => {
  fails = 'enable'
  expect(await service().install([], limits)).toEqual({
    ok: false,
    text: 'systemctl enable falcon-agent.service failed: Access denied',
  })
})

test('one that is not installed is kept in the background, and is not installed on top of that', async () => {
  expect((await service().start([])).text).toBe('started in the background')
  expect((await service().stop()).text).toBe('stopped in the background')
  backgroundRuns = true
  expect(await service().install([], limits)).toMatchObject({ ok: false, text: expect.stringContaining('agent stop') })
})
