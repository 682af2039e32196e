import { agentMetrics } from './agent.ts'
import { checkMetrics } from './checks.ts'
import type { MetricEntry, MetricGroup } from './entry.ts'
import { linuxMetrics } from './linux.ts'

/** Every metric an agent sends. Tests hold the collectors and docs/metrics.md to it. */
export const catalogue: readonly MetricGroup[] = [...agentMetrics, ...linuxMetrics, ...checkMetrics]

/** The entry and the group of a metric; undefined when the agent has no such metric. */
export function findMetric(metric: string): { entry: MetricEntry; group: MetricGroup } | undefined {
  for (const group of catalogue) {
    const entry =
      group.metrics.find((entry) => entry.metric === metric) ??
      group.metrics.find((entry) => entry.metric.endsWith('*') && metric.startsWith(entry.metric.slice(0, -1)))
    if (entry) return { entry, group }
  }
  return undefined
}
