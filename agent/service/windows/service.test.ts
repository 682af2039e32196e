import { beforeEach, expect, test } from 'vitest'
import { Win32Error, errors, states } from './scm.ts'
import type { ServiceManager } from './scm.ts'
import { commandLine, createWindowsService } from './service.ts'

const limits = { memoryMegabytes: 0, cpuPercent: 0 }
/** The state of the service; undefined while there is none. */
let state: number | undefined
let denied: boolean
let command: string

/** As Windows answers, with a service that starts and stops at once. */
const manager: ServiceManager = {
  create(_, settings) {
    if (denied) throw new Win32Error('OpenSCManager', errors.accessDenied)
    if (state !== undefined) throw new Win32Error('CreateService', errors.exists)
    state = states.stopped
    command = settings.command
    return []
  },
  change(_, settings) {
    command = settings.command
    return ['its description (Windows error 124)']
  },
  start() {
    mustExist()
    if (state === states.running) throw new Win32Error('StartService', errors.running)
    state = states.running
  },
  stop() {
    mustExist()
    if (state === states.stopped) throw new Win32Error('ControlService', errors.notRunning)
    state = states.stopped
  },
  remove() {
    mustExist()
    state = undefined
  },
  status: () => ({ state: mustExist(), pid: 4711, exitCode: 0 }),
}

function mustExist(): number {
  if (state === undefined) throw new Win32Error('OpenService', errors.missing)
  return state
}

const service = createWindowsService(manager)
beforeEach(() => {
  state = undefined
  denied = false
})

test('a service from its installation to its end; what is done already is no failure', async () => {
  expect(await service.start([])).toEqual({ ok: false, text: 'is not installed; install it with: agent install' })
  expect(await service.install(['--config', String.raw`C:\a b\cfg.json`], limits)).toMatchObject({ ok: true })
  expect(command).toMatch(/ "run-service" "--config" "C:\\a b\\cfg\.json"$/)
  expect(await service.start([])).toEqual({ ok: true, text: 'started (pid 4711)' })
  expect(await service.start([])).toEqual({ ok: true, text: 'is already running (pid 4711)' })
  expect(await service.state()).toMatchObject({ installed: true, running: true, pid: 4711 })
  expect(await service.stop()).toEqual({ ok: true, text: 'stopped' })
  expect(await service.stop()).toEqual({ ok: true, text: 'was not running' })
  expect(await service.uninstall()).toMatchObject({ ok: true, text: expect.stringContaining('removed') })
  expect(await service.uninstall()).toEqual({ ok: true, text: 'is not installed' })
})

test('a second installation brings it up to date and says what this Windows does not take', async () => {
  await service.install([], limits)
  expect(await service.install([], limits)).toEqual({
    ok: true,
    text: 'was installed already as FalconAgent and is brought up to date; that counts after: agent restart. This Windows does not support its description (Windows error 124)',
  })
})

test('who is no administrator is told what to do', async () => {
  denied = true
  expect(await service.install([], limits)).toMatchObject({ ok: false, text: expect.stringContaining('administrator') })
})

test.each([
  [['a'], '"a"'],
  [['C:\\x y\\agent.exe', 'run'], String.raw`"C:\x y\agent.exe" "run"`],
  [['ends with \\'], String.raw`"ends with \\"`],
  [['a "b" \\"'], String.raw`"a \"b\" \\\""`],
])('%j is split by Windows again as it was: %s', (words, line) => {
  expect(commandLine(words)).toBe(line)
})
