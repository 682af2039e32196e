import type { SeriesTable } from '#lib/link'
import { crc32, isCounterType, primaryKey, sortTags } from '#protocol'
import type { ReceivedItem } from '#protocol'
import type { Destinations } from './destinations.ts'
import type { Route } from './series-cache.ts'
import type { Watches } from './watches.ts'

/** Makes the route of an item seen for the first time: canonical tags, raised step, place on the rings. */
export function createRoute(
  item: ReceivedItem,
  parts: { minStep: number; series: SeriesTable; destinations: Destinations; watches: Watches },
): Route {
  const { endpoint, metric, counterType } = item
  if (!isCounterType(counterType)) throw new Error(`Cannot route ${endpoint}/${metric}: its type is ${counterType}`)
  const tags = sortTags(item.tags)
  const targets = parts.destinations.targetsOf(crc32(primaryKey(endpoint, metric, tags)))
  const series = parts.series.intern(endpoint, metric, tags, counterType, Math.max(item.step, parts.minStep))
  const raised = series.step > item.step && targets.some((target) => target >= parts.destinations.sinksFrom)
  return {
    counterType,
    sentStep: item.step,
    series,
    ...(raised && { received: parts.series.intern(endpoint, metric, tags, counterType, Math.max(item.step, 1)) }),
    targets,
    watch: parts.watches.of(endpoint, metric, tags),
  }
}
