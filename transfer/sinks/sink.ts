import type { Counters } from '#lib/counters'
import type { DestinationPeer } from '#lib/delivery'
import type { Logger } from '#lib/log'

/** A peer that does not speak the link. It only sends: queue, spool, retries and order are the destination's. */
export interface SinkPeer extends DestinationPeer {
  /** Nothing is sent after this; what is unanswered rejects. */
  close(): Promise<void>
}

/** What every sink is made with. */
export interface SinkContext {
  /** Prefix of its counters, for example `influxdb.10.0.0.1:8086`. */
  readonly name: string
  readonly counters: Counters
  readonly log: Logger
}

/** Limits of one sink, as its section of the configuration gives them. */
export interface SinkLimits {
  /** Samples of one request or call. */
  readonly batch: number
  readonly maxConns: number
  readonly connectTimeoutMs: number
  /** From the beginning of a sending until its answer. */
  readonly callTimeoutMs: number
}
