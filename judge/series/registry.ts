import { counterOf } from '#protocol'
import { splits } from '../rules/rule-set.ts'
import type { TrackedSeries } from './tracked-series.ts'

/** Every tracked series, by endpoint and counter. */
export interface Registry {
  readonly size: number
  get(endpoint: string, metric: string, tags: string): TrackedSeries | undefined
  add(series: TrackedSeries): void
  delete(series: TrackedSeries): void
  /** All of them; series may be added and deleted meanwhile. */
  all(): Generator<TrackedSeries>
  /** `<endpoint>/<metric>[/<tags>]` as the HTTP routes name a series. */
  find(path: string): TrackedSeries | undefined
}

export function createRegistry(): Registry {
  const endpoints = new Map<string, Map<string, TrackedSeries>>()
  let size = 0
  return {
    get size() {
      return size
    },
    get: (endpoint, metric, tags) => endpoints.get(endpoint)?.get(counterOf(metric, tags)),
    add(series) {
      let counters = endpoints.get(series.endpoint)
      if (!counters) endpoints.set(series.endpoint, (counters = new Map()))
      const counter = counterOf(series.metric, series.tags)
      if (!counters.has(counter)) size++
      counters.set(counter, series)
    },
    delete(series) {
      const counters = endpoints.get(series.endpoint)
      const counter = counterOf(series.metric, series.tags)
      if (counters?.get(counter) !== series) return
      counters.delete(counter)
      size--
      if (counters.size === 0) endpoints.delete(series.endpoint)
    },
    *all() {
      for (const counters of endpoints.values()) yield* counters.values()
    },
    find(path) {
      for (const [endpoint, counter] of splits(path)) {
        const series = endpoints.get(endpoint)?.get(counter)
        if (series) return series
      }
      return undefined
    },
  }
}
