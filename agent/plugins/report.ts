import { tagValue } from './nagios.ts'
import type { PluginSample } from './lines.ts'
import type { Plugin } from './plan.ts'
import type { LastRun } from './run-plugin.ts'
import type { PluginState } from './scheduler.ts'

/** A run about itself, for charts and strategies, tagged `plugin=` as it is bound: three samples, whatever it printed. */
export function runSamples(plugin: Plugin, run: LastRun): PluginSample[] {
  const args = plugin.Args === '' ? '' : `(${tagValue(plugin.Args)})`
  const tags = `plugin=${tagValue(plugin.FilePath)}${args}`
  const gauge = (metric: string, value: number) => ({ metric, value, tags, counterType: 'GAUGE' })
  return [
    gauge('plugin.exit', typeof run.exit === 'number' ? run.exit : -1),
    gauge('plugin.duration', run.durationMs / 1000),
    gauge('plugin.failed', run.error === undefined ? 0 : 1),
  ]
}

/** The state of a plugin, as `/plugins?detail` shows it behind the members that Open-Falcon has. */
export interface PluginDetail extends Plugin {
  readonly Running: boolean
  /** Unix seconds at which the last run ended; 0 before the first, and all that follows then means nothing. */
  readonly LastRun: number
  /** The exit code; −1 when it was killed or never started. */
  readonly Exit: number
  readonly DurationMs: number
  readonly Samples: number
  /** Empty when all went well. */
  readonly Error: string
  /** What a Nagios plugin says. */
  readonly Message: string
  /** Processes that its runs left in the background. */
  readonly Left: number
}

export function pluginDetail({ plugin, running, last }: PluginState): PluginDetail {
  return {
    ...plugin,
    Running: running,
    LastRun: last ? Math.floor(last.atMs / 1000) : 0,
    Exit: typeof last?.exit === 'number' ? last.exit : -1,
    DurationMs: last?.durationMs ?? 0,
    Samples: last?.samples ?? 0,
    Error: last?.error ?? '',
    Message: last?.message ?? '',
    Left: last?.left.length ?? 0,
  }
}
