export type SeriesKind = 'GAUGE' | 'DERIVE'

/** One stored series. A counter whose kind or step changes becomes another series; both stay readable. */
export interface SeriesRecord {
  /** Never reused, also not after deletion. */
  readonly id: number
  readonly endpoint: string
  /** `metric` or `metric/k=v,…` */
  readonly counter: string
  /** DERIVE for everything whose rate matters. */
  readonly kind: SeriesKind
  /** Seconds. */
  readonly step: number
  /** Number among the series of its step. */
  readonly place: number
}
