import { resolve } from 'node:path'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { AgentConfig } from '../config.ts'
import { itemsOf } from './output.ts'
import { startPeriodicUpdates } from './periodic-update.ts'
import { planPlugins } from './plan.ts'
import type { PlanProblem } from './plan.ts'
import { runSamples } from './report.ts'
import { createPluginRepository } from './repository.ts'
import type { PluginRepository } from './repository.ts'
import { pluginRevision } from './revision.ts'
import { createPluginRunner } from './run-plugin.ts'
import type { PluginRunnerOptions } from './run-plugin.ts'
import { createPluginScheduler } from './scheduler.ts'
import type { PluginState } from './scheduler.ts'

/** The plugins of this host: where they come from, which are to run, and what became of their runs. */
export interface Plugins {
  readonly repository: PluginRepository
  /** Starts and stops what is bound now; also finds files that have changed since. */
  plan(): Promise<void>
  states(): ReadonlyMap<string, PluginState>
  problems(): readonly PlanProblem[]
  /** As the heartbeat tells it. */
  revision(): Promise<string>
  /** Kills what runs. */
  stop(): Promise<void>
}

export interface PluginsOptions {
  /** Asked whenever it matters. */
  readonly settings: () => AgentConfig['plugin']
  /** Entries that hbs binds to this host. */
  readonly bound: () => readonly string[]
  /** Metrics that are not to be sent. */
  readonly ignore: () => Readonly<Record<string, boolean>>
  /** Relative paths begin here; plugins are run here. */
  readonly root: string
  readonly env: Readonly<Record<string, string>>
  readonly hostname: () => string
  readonly take: PluginRunnerOptions['take']
  readonly stopping: AbortSignal
  readonly counters: Counters
  readonly log: Logger
  readonly now: () => number
}

/** Puts right what an update left that was killed; nothing is run before the first `plan`. */
export async function startPlugins(options: PluginsOptions): Promise<Plugins> {
  const { settings, bound, ignore, root, env, hostname, take, stopping, ...common } = options
  const repository = createPluginRepository({
    settings,
    root,
    env,
    log: common.log,
    onChange: () => void plan(),
    stopping,
  })
  const scheduler = createPluginScheduler({
    run: createPluginRunner({
      settings: () => {
        const now = settings()
        return { ...now, dir: resolve(root, now.dir), logs: resolve(root, now.logs), cwd: root }
      },
      env,
      take,
      onRun(plugin, run) {
        if (!settings().metrics) return
        const samples = runSamples(plugin, run).filter(({ metric }) => ignore()[metric] !== true)
        if (samples.length > 0) take(itemsOf(samples, plugin.Cycle))
      },
      ...common,
    }),
    parallel: () => settings().parallel,
    isHeld: () => repository.isReplacing(),
    hostname,
    ...common,
  })
  const updates = startPeriodicUpdates({
    seconds: () => (settings().enabled ? settings().updateSeconds : 0),
    hostname,
    now: common.now,
    update: () => void repository.update(),
  })
  await repository.restore()

  async function plan(): Promise<void> {
    const { dir, enabled } = settings()
    const fresh = await planPlugins(resolve(root, dir), enabled ? bound() : [])
    if (!stopping.aborted) scheduler.apply(fresh)
  }

  return {
    repository,
    plan,
    states: () => scheduler.states(),
    problems: () =>
      repository.isReplacing() ? [...scheduler.problems(), amidUpdate(settings().dir)] : scheduler.problems(),
    revision: () => pluginRevision(resolve(root, settings().dir), settings().enabled),
    async stop() {
      updates.stop()
      await scheduler.stop()
    },
  }
}

/** For the page, while no plugin is started. */
function amidUpdate(dir: string): PlanProblem {
  return {
    entry: dir,
    reason: 'its files are being replaced, or were in part: nothing is started until they are whole',
  }
}
