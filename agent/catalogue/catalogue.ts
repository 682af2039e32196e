import { agentMetrics } from './agent.ts'
import { checkMetrics } from './checks.ts'
import type { MetricEntry, MetricGroup } from './entry.ts'
import { linuxMetrics } from './linux.ts'
import { windowsMetrics } from './windows.ts'

/** The systems an agent runs on. */
export type System = 'linux' | 'windows'

/** The one this process runs on. */
export const thisSystem: System = process.platform === 'win32' ? 'windows' : 'linux'

/** Every metric an agent sends on that system. Tests hold the collectors and docs/metrics.md to it. */
export const catalogues: Readonly<Record<System, readonly MetricGroup[]>> = {
  linux: [...agentMetrics, ...linuxMetrics, ...checkMetrics],
  windows: [...agentMetrics, ...windowsMetrics, ...checkMetrics],
}

/** All groups, those that both systems have once. */
export const catalogue: readonly MetricGroup[] = [...agentMetrics, ...linuxMetrics, ...windowsMetrics, ...checkMetrics]

/**
 * The entry and the group of a metric; undefined when the agent of that system has no such metric. Where a metric is in
 * several groups, `tags` (the keys in canonical order) tells which is meant.
 */
export function findMetric(
  metric: string,
  system: System = thisSystem,
  tags?: readonly string[],
): { entry: MetricEntry; group: MetricGroup } | undefined {
  const found = catalogues[system].flatMap((group) => {
    const entry =
      group.metrics.find((entry) => entry.metric === metric) ??
      group.metrics.find((entry) => entry.metric.endsWith('*') && metric.startsWith(entry.metric.slice(0, -1)))
    return entry ? [{ entry, group }] : []
  })
  return found.find(({ group }) => group.tags.join() === tags?.join()) ?? found[0]
}
