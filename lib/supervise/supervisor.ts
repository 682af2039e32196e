import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#lib/log'
import { askHealth } from './health.ts'
import type { Health } from './health.ts'
import { plainSentence, whyUnsaid } from './last-words.ts'
import { lastLines, rotateLog } from './log-file.ts'
import { readPidFile, removePidFile, writePidFile } from './pid-file.ts'
import { moduleEnvironment } from './module-environment.ts'
import { listeningPorts, readProcess } from './process-table.ts'

/** One process to run and how to see that it works. */
export interface ModuleSpec {
  readonly name: string
  /** Arguments of Node, the script first. */
  readonly argv: readonly string[]
  /** Port on this machine that answers `GET /health` with 200; absent when the module's HTTP is off. */
  readonly healthPort?: number
}

export type ModuleState = 'running' | 'starting' | 'stopped' | 'failed' | 'waiting'

export interface ModuleStatus {
  readonly name: string
  /** `waiting`: it crashed and is started again after a pause. `failed`: it never became healthy. */
  readonly state: ModuleState
  readonly healthy: boolean
  /** What a module that is still starting is busy with. */
  readonly busy?: string
  readonly pid?: number
  readonly uptimeSeconds?: number
  readonly residentBytes?: number
  readonly ports: readonly number[]
  readonly restarts: number
}

export interface Supervisor {
  /** Settles when the module is healthy, or says that it is busy for longer than a start may take, or with the reason why it is not. */
  start(name: string): Promise<{ ok: boolean; text: string }>
  stop(name: string): Promise<{ ok: boolean; text: string }>
  reload(name: string): { ok: boolean; text: string }
  status(): Promise<ModuleStatus[]>
  /** True when no module runs or is about to. */
  idle(): boolean
  close(): void
}

export interface SupervisorOptions {
  readonly specs: readonly ModuleSpec[]
  readonly cwd: string
  readonly runDir: string
  readonly logDir: string
  readonly log: Logger
  readonly startTimeoutMs?: number
  readonly stopTimeoutMs?: number
  readonly maxLogBytes?: number
  /** How often a running module is asked whether it lives, and how many questions in a row it may leave unanswered. */
  readonly signOfLife?: { readonly everyMs: number; readonly missed: number }
}

interface Watched {
  readonly spec: ModuleSpec
  state: ModuleState
  pid: number | undefined
  restarts: number
  wanted: boolean
  timer: NodeJS.Timeout | undefined
  /** Questions that the process with this pid has left unanswered in a row; undefined until it has answered one. */
  silence: { readonly pid: number; missed: number } | undefined
}

const watchEveryMs = 500
const steadyAfterSeconds = 60
const longestPauseMs = 60_000
const keptLogs = 5
/** With the two seconds that each of the last answers is waited for, a hung module is ended after half a minute. */
const usualSignOfLife = { everyMs: 5000, missed: 6 }

/**
 * Keeps processes running: starts them detached with their output appended to a file, restarts one that crashes after
 * 1, 2, 4 … 60 s, ends and restarts one that hangs or is stopped, rotates the files. Processes outlive a killed supervisor; the next one finds them by their pid files.
 */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { cwd, runDir, logDir, log } = options
  const startTimeoutMs = options.startTimeoutMs ?? 30_000
  const stopTimeoutMs = options.stopTimeoutMs ?? 20_000
  const signOfLife = options.signOfLife ?? usualSignOfLife
  const pidFile = (name: string) => join(runDir, `${name}.pid`)
  const logFile = (name: string) => join(logDir, `${name}.log`)
  const watched = new Map<string, Watched>()
  for (const spec of options.specs) {
    const found = readPidFile(pidFile(spec.name))
    if (found) log.info({ name: spec.name, pid: found.pid }, 'adopted a running module')
    watched.set(spec.name, {
      spec,
      state: found ? 'running' : 'stopped',
      pid: found?.pid,
      restarts: 0,
      wanted: found !== undefined,
      timer: undefined,
      silence: undefined,
    })
  }

  const alive = (one: Watched) => one.pid !== undefined && readPidFile(pidFile(one.spec.name))?.pid === one.pid

  function launch(one: Watched): number {
    const output = openSync(logFile(one.spec.name), 'a')
    try {
      const child = spawn(process.execPath, one.spec.argv, {
        cwd,
        env: { ...moduleEnvironment, ...process.env },
        detached: true,
        stdio: ['ignore', output, output],
      })
      if (child.pid === undefined) throw new Error(`Cannot start ${one.spec.name}: no process could be made`)
      child.on('error', (err) => log.error({ err, name: one.spec.name }, 'module process error'))
      writePidFile(pidFile(one.spec.name), child.pid)
      one.pid = child.pid
      return child.pid
    } finally {
      closeSync(output)
    }
  }

  /** The last that was heard of its health by the time it is healthy, gone, or may not take longer. */
  async function becomesHealthy(one: Watched, pid: number): Promise<Health> {
    const deadline = Date.now() + startTimeoutMs
    const aliveAtLeastUntil = Date.now() + 1000
    let health: Health = { healthy: false }
    while (Date.now() < deadline && alive(one)) {
      const port = one.spec.healthPort
      if (port === undefined) health = { healthy: Date.now() > aliveAtLeastUntil }
      else if (listeningPorts(pid).includes(port)) health = await askHealth(port)
      if (health.healthy) return health
      await sleep(50)
    }
    return health
  }

  async function start(name: string): Promise<{ ok: boolean; text: string }> {
    const one = mustKnow(watched, name)
    if (alive(one)) return { ok: true, text: `already running (pid ${one.pid})` }
    clearTimeout(one.timer)
    one.state = 'starting'
    const began = Date.now()
    const logStart = sizeOfLog(logFile(name))
    let pid: number
    try {
      pid = launch(one)
    } catch (error) {
      one.state = 'failed'
      throw error
    }
    const { healthy, busy } = await becomesHealthy(one, pid)
    if (healthy || (busy !== undefined && alive(one))) {
      one.state = 'running'
      one.wanted = true
      if (one.spec.healthPort !== undefined) one.silence = { pid, missed: 0 }
      const seconds = ((Date.now() - began) / 1000).toFixed(1)
      const text = healthy
        ? `started in ${seconds} s`
        : `is still ${busy ?? 'starting'}; "./control status" tells how far`
      return { ok: true, text: `${text} (pid ${pid})` }
    }
    const hung = alive(one)
    if (hung) await end(one)
    one.state = 'failed'
    one.wanted = false
    removePidFile(pidFile(name))
    const said = plainSentence(lastLines(logFile(name), 20, logStart), name) ?? whyUnsaid(logDir)
    return {
      ok: false,
      text: hung ? `did not become healthy within ${startTimeoutMs / 1000} s; see ${logFile(name)}` : said,
    }
  }

  /** Asks the whole process group to leave, then makes it. */
  async function end(one: Watched): Promise<boolean> {
    const pid = one.pid
    if (pid === undefined) return true
    signal(pid, 'SIGTERM')
    const deadline = Date.now() + stopTimeoutMs
    while (alive(one) && Date.now() < deadline) await sleep(20)
    const left = !alive(one)
    // Also when it left by itself: children of its group (plugins) must not stay behind.
    signalGroup(pid, 'SIGKILL')
    while (readProcess(pid) !== undefined && alive(one)) await sleep(10)
    removePidFile(pidFile(one.spec.name))
    one.pid = undefined
    return left
  }

  async function stop(name: string): Promise<{ ok: boolean; text: string }> {
    const one = mustKnow(watched, name)
    clearTimeout(one.timer)
    one.wanted = false
    if (!alive(one)) {
      one.state = 'stopped'
      one.pid = undefined
      removePidFile(pidFile(name))
      return { ok: true, text: 'was not running' }
    }
    const gently = await end(one)
    one.state = 'stopped'
    return { ok: true, text: gently ? 'stopped' : `killed, it had not stopped within ${stopTimeoutMs / 1000} s` }
  }

  function watch(): void {
    for (const one of watched.values()) {
      rotateLog(logFile(one.spec.name), options.maxLogBytes ?? 20 * 2 ** 20, keptLogs)
      if (!one.wanted || one.state !== 'running' || alive(one)) continue
      const pauseMs = Math.min(1000 * 2 ** Math.min(one.restarts, 10), longestPauseMs)
      one.restarts++
      one.state = 'waiting'
      if (one.pid !== undefined) signalGroup(one.pid, 'SIGKILL')
      log.warn({ name: one.spec.name, pid: one.pid, pauseMs }, 'module died, starting it again after a pause')
      one.timer = setTimeout(() => void again(one), pauseMs)
    }
  }

  async function again(one: Watched): Promise<void> {
    if (!one.wanted) return
    const outcome = await start(one.spec.name).catch((error: Error) => ({ ok: false, text: error.message }))
    log.info({ name: one.spec.name, ...outcome }, 'restart')
    if (outcome.ok) {
      const pid = one.pid
      setTimeout(() => {
        if (one.pid === pid && alive(one)) one.restarts = 0
      }, steadyAfterSeconds * 1000).unref()
      return
    }
    // It worked before, so it is worth trying again: the port or the disk may come back.
    one.wanted = true
    one.state = 'running'
  }

  /**
   * Ends one that has answered before and then leaves too many questions in a row without any answer: its event loop hangs,
   * or it is stopped. "Busy" is an answer, and one that has never answered is still starting. Questions are counted, not
   * time, so that a machine that slept has no victims.
   */
  async function askForLife(one: Watched): Promise<void> {
    const { pid, spec } = one
    if (pid === undefined || spec.healthPort === undefined || !one.wanted || one.state !== 'running' || !alive(one))
      return
    const { healthy, busy } = await askHealth(spec.healthPort)
    if (one.pid !== pid || !one.wanted) return
    if (healthy || busy !== undefined) {
      one.silence = { pid, missed: 0 }
      return
    }
    if (one.silence?.pid !== pid || ++one.silence.missed < signOfLife.missed) return
    log.error({ name: spec.name, pid, unanswered: one.silence.missed }, 'module hangs, it is ended and started again')
    one.silence = undefined
    signalGroup(pid, 'SIGKILL')
  }

  let asking = false
  async function askAll(): Promise<void> {
    if (asking) return
    asking = true
    await Promise.all([...watched.values()].map(askForLife))
    asking = false
  }

  const watching = setInterval(watch, watchEveryMs)
  const listening = setInterval(() => void askAll(), signOfLife.everyMs)

  return {
    start,
    stop,
    reload(name) {
      const one = mustKnow(watched, name)
      if (one.pid === undefined || !alive(one)) return { ok: false, text: 'is not running' }
      signal(one.pid, 'SIGHUP')
      return { ok: true, text: 'told to read its configuration again; its log says what was applied' }
    },
    status: () =>
      Promise.all(
        [...watched.values()].map(async (one): Promise<ModuleStatus> => {
          const facts = one.pid !== undefined && alive(one) ? readProcess(one.pid) : undefined
          const base = { name: one.spec.name, restarts: one.restarts }
          if (!facts)
            return { ...base, state: one.state === 'running' ? 'waiting' : one.state, healthy: false, ports: [] }
          const { pid, uptimeSeconds, residentBytes } = facts
          const port = one.spec.healthPort
          const health = port === undefined ? { healthy: true } : await askHealth(port)
          return { ...base, state: one.state, ...health, pid, uptimeSeconds, residentBytes, ports: listeningPorts(pid) }
        }),
      ),
    idle: () => [...watched.values()].every((one) => !one.wanted && !alive(one)),
    close() {
      clearInterval(watching)
      clearInterval(listening)
      for (const one of watched.values()) clearTimeout(one.timer)
    },
  }
}

function mustKnow(watched: Map<string, Watched>, name: string): Watched {
  const one = watched.get(name)
  if (!one) throw new Error(`There is no module "${name}"; the modules are ${[...watched.keys()].join(', ')}`)
  return one
}

function sizeOfLog(path: string): number {
  return existsSync(path) ? statSync(path).size : 0
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  signal(-pid, name)
}
