import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { phaseOf, startSchedule } from '../schedule.ts'
import type { Schedule } from '../schedule.ts'
import type { Plan, PlanProblem, Plugin } from './plan.ts'
import type { LastRun, RunPlugin } from './run-plugin.ts'

export interface PluginState {
  readonly plugin: Plugin
  readonly running: boolean
  readonly last: LastRun | undefined
}

export interface PluginScheduler {
  /** Starts what is new, stops what is gone; a run under way ends in its own time. Also starts what was held. */
  apply(plan: Plan): void
  states(): ReadonlyMap<string, PluginState>
  problems(): readonly PlanProblem[]
  /** Kills what runs. */
  stop(): Promise<void>
}

export interface SchedulerOptions {
  readonly run: RunPlugin
  /** How many may run at once. */
  readonly parallel: () => number
  /** While it says true nothing is started: the files are being replaced. */
  readonly isHeld: () => boolean
  /** Spreads the runs of one plugin over the hosts that have it. */
  readonly hostname: () => string
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
 * counted; the rest waits its turn. Counter: `plugin.skipped` where the run before was still waiting or running.
 */
export function createPluginScheduler(options: SchedulerOptions): PluginScheduler {
  const { run, parallel, isHeld, hostname, counters, log, now, placeMs = defaultPlaceMs } = options
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
    while (places.size < parallel() && !isHeld() && !stopped.signal.aborted) {
      const member = waiting.shift()
      if (!member) return
      places.add(member.key)
      const leave = () => {
        if (places.delete(member.key)) startWaiting()
      }
      const long = setTimeout(leave, placeMs)
      const ended = runMember(member).finally(() => {
        clearTimeout(long)
        running.delete(member.key)
        leave()
      })
      running.set(member.key, ended)
    }
  }

  async function runMember(member: Member): Promise<void> {
    member.last = await run(member.plugin, member.last, stopped.signal)
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
      startWaiting()
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
