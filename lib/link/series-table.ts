import type { CounterType } from '#protocol'
import type { NumberedSeries } from './columns.ts'

/** The series this process has met, each once. Looking one up builds no string and no object. */
export interface SeriesTable {
  readonly size: number
  /**
   * The numbered series with exactly these members; a new one gets the next number.
   * `tags` is canonical (`sortTags`). Throws a RangeError when `step` is not a whole number from 1 to 2^32 - 1.
   */
  intern(endpoint: string, metric: string, tags: string, counterType: CounterType, step: number): NumberedSeries
  /**
   * Lets go of a series that is no longer of use. Who holds it may go on using it; interned again, it gets a new
   * number. The number itself is never given out a second time.
   */
  forget(series: NumberedSeries): void
}

/** What one endpoint, metric and tags lead to: nearly always one series, several when type or step were changed. */
interface Leaf {
  latest: NumberedSeries
  variants: Map<string, NumberedSeries> | undefined
}

export function createSeriesTable(): SeriesTable {
  const endpoints = new Map<string, Map<string, Map<string, Leaf>>>()
  let size = 0
  let nextNumber = 0
  // Agents send all samples of one endpoint in a row.
  let latestEndpoint: string | undefined
  let latestMetrics: Map<string, Map<string, Leaf>> = new Map()

  function create(endpoint: string, metric: string, tags: string, counterType: CounterType, step: number) {
    if (step >>> 0 !== step || step === 0)
      throw new RangeError(`Cannot number ${endpoint}/${metric}: its step must be 1 to 4294967295 seconds, got ${step}`)
    size++
    return { endpoint, metric, tags, counterType, step, number: nextNumber++ }
  }

  function variant(leaf: Leaf, counterType: CounterType, step: number): NumberedSeries {
    const { latest } = leaf
    leaf.variants ??= new Map([[variantKey(latest.counterType, latest.step), latest]])
    const key = variantKey(counterType, step)
    let found = leaf.variants.get(key)
    if (!found) {
      found = create(latest.endpoint, latest.metric, latest.tags, counterType, step)
      leaf.variants.set(key, found)
    }
    leaf.latest = found
    return found
  }

  return {
    get size() {
      return size
    },
    intern(endpoint, metric, tags, counterType, step) {
      if (endpoint !== latestEndpoint) {
        latestMetrics = childOf(endpoints, endpoint)
        latestEndpoint = endpoint
      }
      const byTags = childOf(latestMetrics, metric)
      const leaf = byTags.get(tags)
      if (!leaf) {
        const series = create(endpoint, metric, tags, counterType, step)
        byTags.set(tags, { latest: series, variants: undefined })
        return series
      }
      const { latest } = leaf
      return latest.step === step && latest.counterType === counterType ? latest : variant(leaf, counterType, step)
    },
    forget(series) {
      const metrics = endpoints.get(series.endpoint)
      const byTags = metrics?.get(series.metric)
      const leaf = byTags?.get(series.tags)
      if (!metrics || !byTags || !leaf) return
      const key = variantKey(series.counterType, series.step)
      const variants = leaf.variants ?? new Map([[variantKey(leaf.latest.counterType, leaf.latest.step), leaf.latest]])
      if (variants.get(key)?.number !== series.number) return
      variants.delete(key)
      size--
      const [left] = variants.values()
      if (left) {
        if (leaf.latest === series) leaf.latest = left
        return
      }
      byTags.delete(series.tags)
      if (byTags.size > 0) return
      metrics.delete(series.metric)
      if (metrics.size > 0) return
      endpoints.delete(series.endpoint)
      latestEndpoint = undefined
    },
  }
}

function variantKey(counterType: CounterType, step: number): string {
  return `${counterType} ${step}`
}

function childOf<V>(parent: Map<string, Map<string, V>>, name: string): Map<string, V> {
  let child = parent.get(name)
  if (!child) {
    child = new Map()
    parent.set(name, child)
  }
  return child
}
