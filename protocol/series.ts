import { createHash } from 'node:crypto'

/** How a value is to be understood: as it is, or as an ever-growing number whose rate matters. */
export type CounterType = 'GAUGE' | 'COUNTER' | 'DERIVE'

/**
 * Identity and form of one time series.
 * `tags` is canonical: `k=v,k2=v2`, sorted by key bytes, empty when there are none (see `sortTags`).
 * `step` is in seconds and at least 1.
 */
export interface Series {
  readonly endpoint: string
  readonly metric: string
  readonly tags: string
  readonly counterType: CounterType
  readonly step: number
}

/** One value of a series. `timestamp` is in unix seconds, aligned down to the step. */
export interface Sample {
  readonly series: Series
  readonly timestamp: number
  readonly value: number
}

/** What the query API calls a counter: `metric` or `metric/k=v,…`. */
export function counterOf(metric: string, tags: string): string {
  return tags === '' ? metric : `${metric}/${tags}`
}

/** The key that places a series on the ring: `endpoint/metric` or `endpoint/metric/k=v,…`. */
export function primaryKey(endpoint: string, metric: string, tags: string): string {
  return tags === '' ? `${endpoint}/${metric}` : `${endpoint}/${metric}/${tags}`
}

/** MD5 (lower-case hex) of a key; the last part of an event id. */
export function checksum(key: string): string {
  return createHash('md5').update(key).digest('hex')
}
