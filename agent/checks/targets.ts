import { formatTags, parseTags } from '#protocol'
import type { Check } from './check.ts'

/** One target and the tags of all who asked for it. */
export interface WantedTarget {
  readonly target: unknown
  readonly metrics: readonly string[]
  /** Canonical tag texts, mostly one: those of who asked are sent as one series unless they contradict each other. */
  readonly tags: readonly string[]
}

/** Each target once, in the order of who first asked for it. */
export function mergeTargets(checks: readonly Check[]): WantedTarget[] {
  const merged = new Map<string, { target: unknown; metrics: Set<string>; tags: Map<string, string>[] }>()
  for (const { metric, tags, target } of checks) {
    const key = JSON.stringify(target)
    const wanted = merged.get(key) ?? { target, metrics: new Set(), tags: [] }
    merged.set(key, wanted)
    wanted.metrics.add(metric)
    addTags(wanted.tags, parseTags(tags))
  }
  return [...merged.values()].map(({ target, metrics, tags }) => ({
    target,
    metrics: [...metrics],
    tags: tags.map(formatTags),
  }))
}

/** A strategy with few tags would match a second series too, and alarm twice; so one series gets the tags of all. */
function addTags(all: Map<string, string>[], fresh: ReadonlyMap<string, string>): void {
  const series = all.find((tags) => [...fresh].every(([key, value]) => (tags.get(key) ?? value) === value))
  if (!series) all.push(new Map(fresh))
  else for (const [key, value] of fresh) series.set(key, value)
}
