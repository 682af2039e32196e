import { checkMetrics, checksum, compareBytes } from '#protocol'
import type { BuiltinMetric, TemplateRef } from '#protocol'
import { chainOf } from './inheritance.ts'
import type { StrategyRow } from './tables.ts'

const onDemand = new Set(checkMetrics)

export interface BuiltinMetrics {
  /** Sorted by `metric/tags`, each once. */
  readonly metrics: readonly BuiltinMetric[]
  /** MD5 of all `metric/tags`; empty when there are none. */
  readonly checksum: string
}

/**
 * What an agent has to check besides its own metrics: the strategies of all its templates and of all their ancestors,
 * overridden or not and whatever their run window, so that a series does not end when a window does.
 */
export function builtinMetrics(
  rows: readonly StrategyRow[],
  templates: ReadonlyMap<number, TemplateRef>,
): (templateIds: readonly number[]) => BuiltinMetrics {
  const byTemplate = new Map<number, StrategyRow[]>()
  for (const row of rows) {
    if (!onDemand.has(row.metric)) continue
    const list = byTemplate.get(row.tpl_id)
    if (list) list.push(row)
    else byTemplate.set(row.tpl_id, [row])
  }
  return (templateIds) => {
    // Falcon: a bound template counts even when it, or its chain, cannot be used for strategies.
    const all = new Set([...templateIds, ...templateIds.flatMap((id) => chainOf(templates, id) ?? [])])
    const unique = new Map<string, BuiltinMetric>()
    for (const id of all)
      for (const { metric, tags } of byTemplate.get(id) ?? [])
        unique.set(`${metric}/${tags}`, { Metric: metric, Tags: tags })
    const sorted = [...unique].toSorted(([a], [b]) => compareBytes(a, b))
    return {
      metrics: sorted.map(([, metric]) => metric),
      checksum: sorted.length === 0 ? '' : checksum(sorted.map(([key]) => key).join('')),
    }
  }
}
