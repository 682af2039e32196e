import { join } from 'node:path'
import type { Reading } from '#protocol'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { phaseOf, startSchedule } from '../schedule.ts'
import type { Schedule } from '../schedule.ts'
import { parseArgs } from './args.ts'
import type { Plan, PlanProblem, Plugin } from './plan.ts'
import { runProgram } from '../run-program.ts'
import type { RunResult } from '../run-program.ts'
import { writeStderrLog } from './stderr-log.ts'

/** The last run of a plugin, for people. */
export interface LastRun {
  /** Unix milliseconds at which it ended. */
  readonly atMs: number
  readonly durationMs: number
  readonly exit: number | string | undefined
  readonly samples: number
  /** Undefined when all went well. */
  readonly error: string | undefined
}

export interface PluginState {
  readonly plugin: Plugin
  readonly running: boolean
  readonly last: LastRun | undefined
}

export interface PluginScheduler {
  /** Starts what is new or changed, stops what is gone. A run under way ends in its own time. */
  apply(plan: Plan): void
  states(): ReadonlyMap<string, PluginState>
  problems(): readonly PlanProblem[]
  /** Kills what runs. */
  stop(): Promise<void>
}

export interface SchedulerOptions {
  /** Asked at each run. */
  readonly settings: () => { dir: string; logs: string; cwd: string; parallel: number; outputKilobytes: number }
  /** What plugins see of the environment. */
  readonly env: Readonly<Record<string, string>>
  /** Spreads the runs of one plugin over the hosts that have it. */
  readonly hostname: () => string
  /** Takes what a run printed; not ok when it is no array of items. */
  readonly take: (
    output: string,
  ) => Reading<{ accepted: number; refused: readonly { index: number; reason: string }[] }>
  readonly counters: Counters
  readonly log: Logger
  readonly now: () => number
  /** How long a run counts among those at once; default 30 s. */
  readonly placeMs?: number
}

/** Some plugins that hang in long cycles must not keep all others from running for an hour. */
const defaultPlaceMs = 30_000

interface Member {
  readonly key: string
  plugin: Plugin
  schedule: Schedule
  last: LastRun | undefined
}

/**
 * Runs plugins by their cycle: never two runs of one plugin at a time, and no more at once than `parallel`, long ones not
 * counted; the rest waits its turn. A run may take its cycle less half a second. Counters: `plugin.runs` by what became of them,
 * `plugin.skipped` where the run before was still waiting or running.
 */
export function createPluginScheduler(options: SchedulerOptions): PluginScheduler {
  const { settings, env, hostname, take, counters, log, now, placeMs = defaultPlaceMs } = options
  const members = new Map<string, Member>()
  const waiting: Member[] = []
  /** By key, since a plugin may be gone and back again before a run of it has ended. */
  const running = new Map<string, Promise<void>>()
  /** Keys of those among them that count. */
  const places = new Set<string>()
  const stopped = new AbortController()
  let problems: readonly PlanProblem[] = []

  function due(member: Member): void {
    if (running.has(member.key) || waiting.includes(member)) {
      counters.add('plugin.skipped')
      return
    }
    waiting.push(member)
    startWaiting()
  }

  function startWaiting(): void {
    while (places.size < settings().parallel && !stopped.signal.aborted) {
      const member = waiting.shift()
      if (!member) return
      places.add(member.key)
      const leave = () => {
        if (places.delete(member.key)) startWaiting()
      }
      const long = setTimeout(leave, placeMs)
      const run = runMember(member).finally(() => {
        clearTimeout(long)
        running.delete(member.key)
        leave()
      })
      running.set(member.key, run)
    }
  }

  async function runMember(member: Member): Promise<void> {
    const { plugin } = member
    const { dir, cwd, outputKilobytes } = settings()
    const result = await runProgram({
      file: join(dir, plugin.FilePath),
      args: parseArgs(plugin.Args),
      cwd,
      env,
      timeoutMs: plugin.Cycle * 1000 - 500,
      maxOutputBytes: outputKilobytes * 1024,
      signal: stopped.signal,
    })
    if (result.stderr.length > 0) await keepStderr(plugin, result.stderr)
    const { error, samples } = understand(result)
    counters.add(`plugin.runs.${error === undefined ? 'ok' : 'failed'}`)
    // A plugin that fails in every cycle is worth one line; the numbers in its error differ each time.
    if (error !== undefined && error.replaceAll(/\d+/g, '') !== member.last?.error?.replaceAll(/\d+/g, ''))
      log.warn({ plugin: plugin.FilePath, args: plugin.Args, error }, 'plugin run')
    member.last = { atMs: now(), durationMs: result.durationMs, exit: result.exit, samples, error }
  }

  /** Hands on what a run printed, and says what was wrong with it. */
  function understand(result: RunResult): { error: string | undefined; samples: number } {
    const failure = failureOf(result)
    if (failure !== undefined || result.stdout.length === 0) return { error: failure, samples: 0 }
    const taken = take(result.stdout.toString())
    if (!taken.ok) return { error: `Cannot read its output: ${taken.reason}`, samples: 0 }
    const { accepted, refused } = taken.value
    const [first] = refused
    const error = first && `${refused.length} of its items refused, first item ${first.index}: ${first.reason}`
    return { error, samples: accepted }
  }

  async function keepStderr(plugin: Plugin, stderr: Buffer): Promise<void> {
    try {
      await writeStderrLog(settings().logs, plugin, stderr)
    } catch (error) {
      counters.add('plugin.stderrLost')
      log.warn({ plugin: plugin.FilePath, err: error }, 'stderr of a plugin could not be written')
    }
  }

  function start(key: string, plugin: Plugin): void {
    const intervalMs = plugin.Cycle * 1000
    const phaseMs = phaseOf(`${hostname()}/${key}`, intervalMs)
    const schedule = startSchedule({ intervalMs, phaseMs, now, run: () => due(member) })
    const member: Member = { key, plugin, schedule, last: undefined }
    members.set(key, member)
  }

  function remove(member: Member): void {
    member.schedule.stop()
    members.delete(member.key)
    const place = waiting.indexOf(member)
    if (place >= 0) waiting.splice(place, 1)
  }

  return {
    apply(plan) {
      for (const [key, member] of members) if (!plan.plugins.has(key)) remove(member)
      for (const [key, plugin] of plan.plugins) {
        const known = members.get(key)
        // Each run starts the file anew, so a changed one needs no more than to be shown as such.
        if (known) known.plugin = plugin
        else start(key, plugin)
      }
      const news = plan.problems.filter((problem) => !problems.some((old) => old.entry === problem.entry))
      for (const problem of news) log.warn({ ...problem }, 'plugin entry gives nothing to run')
      problems = plan.problems
    },
    states: () =>
      new Map([...members].map(([key, { plugin, last }]) => [key, { plugin, running: running.has(key), last }])),
    problems: () => problems,
    async stop() {
      for (const member of members.values()) remove(member)
      stopped.abort()
      await Promise.all(running.values())
    },
  }
}

/** Why a run's output does not count; undefined when it does. */
function failureOf(result: RunResult): string | undefined {
  if (result.outcome === 'not started') return `not started: ${result.reason ?? 'unknown'}`
  if (result.outcome === 'timeout')
    return `${result.reason ?? 'killed'} after ${result.durationMs} ms: no run may last longer than its cycle`
  if (result.outcome !== 'exited') return result.outcome
  // Falcon: what a failing plugin printed counts for nothing, unless it also wrote to stderr.
  return result.exit === 0 || result.stderr.length > 0 ? undefined : `exit status ${result.exit ?? 'unknown'}`
}
