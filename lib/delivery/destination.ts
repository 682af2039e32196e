import type { Counters } from '#lib/counters'
import type { LinkAck, NumberedSeries, SampleColumns, SeriesTable } from '#lib/link'
import type { Logger } from '#lib/log'
import type { Spool } from '#lib/spool'

/** What a destination needs of its peer; a LinkClient is one. */
export interface DestinationPeer {
  readonly connected: boolean
  readonly lastError?: string | undefined
  /** Why it last refused samples, where it tells. */
  readonly lastRefusal?: string | undefined
  /** The columns are free again when this returns. Rejects when the batch must be sent again. */
  send(columns: SampleColumns): Promise<LinkAck>
  onConnect(listener: () => void): void
}

/**
 * `strict`: the peer sees the samples of a series in the order they were added, also through an outage.
 * `live-first`: new samples are sent at once, spooled ones beside them at a limited rate.
 */
export type DeliveryOrder = 'strict' | 'live-first'

/** The samples that share one answer. */
export interface Batch {
  /** Resolves once every sample in it is acknowledged or on disk. Rejects only when neither was possible. */
  readonly settled: Promise<void>
}

/** Samples side by side that a destination takes some of: entry `i` of each column is one sample. */
export interface NumberedColumns {
  readonly series: readonly NumberedSeries[]
  readonly numbers: Uint32Array
  /** Unix seconds. */
  readonly timestamps: Uint32Array
  readonly values: Float64Array
}

export interface DestinationStats {
  readonly connected: boolean
  /** Samples collected and not yet sent. */
  readonly queued: number
  /** Samples sent, not answered and not on disk. */
  readonly inFlight: number
  readonly spooled: { readonly items: number; readonly bytes: number; readonly oldestSeconds: number }
  /** Samples added. */
  readonly given: number
  /** Samples that a former process left in the spool, also those that could not be read any more. */
  readonly inherited: number
  readonly delivered: number
  readonly refused: number
  /** Samples given back to the caller (`settled` rejected) because neither peer nor disk took them. */
  readonly returned: number
  readonly dropped: { readonly size: number; readonly age: number; readonly corrupt: number }
  readonly lastError: string | undefined
  readonly lastRefusal: string | undefined
  /** Why the disk took no samples, as long as the peer takes none either. */
  readonly diskError: string | undefined
}

/** One peer that samples go to. Every sample added or inherited ends in exactly one of delivered, refused, returned or dropped. */
export interface Destination {
  /**
   * Takes one sample and returns the batch it went into; a full batch is sent by itself.
   * Throws a RangeError when `timestamp` is not whole unix seconds from 0 to 2^32 - 1.
   */
  add(series: NumberedSeries, timestamp: number, value: number): Batch
  /**
   * Takes the samples of `from` at the first `count` indexes in `picked`, and tells `into` of each batch they went into,
   * perhaps several times. The columns are free again when this returns.
   */
  addPicked(from: NumberedColumns, picked: Uint32Array, count: number, into: (batch: Batch) => void): void
  /** Sends, or spools, what was added so far. To be called at the end of each turn that added something. */
  flush(): void
  stats(): DestinationStats
  /**
   * Sends nothing new: what is not answered within `ackWithinMs` goes to the spool. Settles when all of it is safe.
   * Client and spool are closed afterwards by whoever opened them.
   */
  close(): Promise<void>
}

export interface DestinationOptions {
  /** Prefix of its counters, for example `judge.judge-00`. */
  readonly name: string
  readonly client: DestinationPeer
  /** Opened with `countDrops(name, counters)` as its `onDrop`. */
  readonly spool: Spool
  readonly order: DeliveryOrder
  /** Milliseconds a sample may wait for its acknowledgement before it goes to the spool. */
  readonly ackWithinMs: number
  /** Samples (not batches) held in memory, collected or unanswered; beyond it batches go straight to the spool. */
  readonly maxInFlight: number
  /** Samples a batch holds at most. Default 8192. */
  readonly batchSize?: number
  /**
   * Live batches that may be unanswered at once in `live-first`; the next ones collect meanwhile, which suits peers
   * whose every sending costs. Default: no limit. In `strict` it is always one.
   */
  readonly maxSendings?: number
  /** Spooled samples sent again each second; default 200 000 for `live-first`, unlimited for `strict`. */
  readonly replayPerSecond?: number
  /** Wait before spooled samples that the peer refused for now are sent again. Default 1000. */
  readonly retryMs?: number
  readonly series: SeriesTable
  readonly counters: Counters
  readonly log: Logger
}
