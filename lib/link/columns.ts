import type { Series } from '#protocol'

/** A series with the number it has in this process: dense from 0, never reused. A `SeriesTable` gives them out. */
export interface NumberedSeries extends Series {
  readonly number: number
}

/** Samples side by side: entry `i` of each column is one sample. Only the first `count` entries count. */
export interface SampleColumns {
  readonly count: number
  readonly series: readonly NumberedSeries[]
  /** The series' numbers, for those who have them at hand: encoders then look at no series they have defined. */
  readonly numbers?: Uint32Array
  /** Whole unix seconds, 0 to 2^32 - 1. */
  readonly timestamps: Float64Array
  /** Any double, NaN and infinities included. */
  readonly values: Float64Array
}

/** What the peer did with a batch; `taken + refused` is the batch's count. Refused samples must not be sent again. */
export interface LinkAck {
  readonly taken: number
  readonly refused: number
}
