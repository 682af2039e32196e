import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import type { Series } from '#protocol'
import type { LinkAck, SampleColumns } from './columns.ts'

/** One persistent connection to the first address that answers; it reconnects by itself until closed. */
export interface LinkClient {
  readonly connected: boolean
  /** `host:port` of the connection, undefined while there is none. */
  readonly peer: string | undefined
  /** Why there is no connection, or why the last one ended; undefined once a connection stands. */
  readonly lastError: string | undefined
  /**
   * Sends a batch; many may be under way, and their answers come in any order. The columns are free again when this returns.
   * Rejects with a LinkError: `closed` without a connection or when it is lost, `timeout` when no answer came within
   * `ackTimeoutMs`, `answer` when the peer asks to send the batch again later.
   */
  send(columns: SampleColumns): Promise<LinkAck>
  /**
   * Calls one of the peer's `calls`; a Buffer is what it answered as bytes. Rejects with a LinkError. `timeoutMs` defaults
   * to `ackTimeoutMs`.
   */
  call(method: string, params: unknown, timeoutMs?: number): Promise<unknown>
  /** Called each time a connection stands, not for the one that stands already. */
  onConnect(listener: () => void): void
  /** Ends the connection; what is unanswered rejects. */
  close(): Promise<void>
}

export interface LinkClientOptions {
  /** `host:port`, tried in turn. */
  readonly addresses: readonly string[]
  /** Name shown to the peer and in its log. */
  readonly module: string
  /** For connecting and greeting together. */
  readonly connectTimeoutMs: number
  readonly ackTimeoutMs: number
  /** Between heartbeats; a peer that is silent for three of them is gone. Default 5000. */
  readonly heartbeatMs?: number
  readonly maxFrameBytes?: number
  /** Milliseconds after which series are defined anew, so that neither side keeps those no longer sent. Default one day. */
  readonly redefineAfterMs?: number
  readonly log: Logger
  /** 0 to 1, spreads reconnects; default Math.random. */
  readonly random?: () => number
}

/** A received batch: entry `i` of each column is one sample. The arrays are the handler's to keep. */
export interface SlotBatch<Slot> {
  readonly count: number
  readonly slots: readonly Slot[]
  /** Unix seconds. */
  readonly timestamps: Float64Array
  readonly values: Float64Array
}

export interface LinkHandler<Slot> {
  /**
   * Called once a series and connection; what it returns stands for the series in every batch. It must not throw:
   * a series that is not wanted gets a slot that `take` refuses.
   */
  define(series: Series): Slot
  /** The batch is acknowledged when this settles; a rejection tells the peer to send it again later. */
  take(batch: SlotBatch<Slot>): LinkAck | Promise<LinkAck>
  /** What `LinkClient.call` reaches. A Uint8Array, which is not to be changed any more, is answered as bytes, anything else as JSON; a rejection's message goes to the caller. */
  readonly calls?: Readonly<Record<string, (params: unknown) => Promise<unknown>>>
}

export interface LinkServer {
  /** The port in use, also when the configured one was 0. */
  readonly port: number
  connections(): number
  close(): Promise<void>
}

export interface LinkServerOptions<Slot> {
  /** `host:port` */
  readonly listen: string
  /** Name shown to peers. */
  readonly module: string
  readonly handler: LinkHandler<Slot>
  readonly log: Logger
  readonly counters: Counters
  /** Why a peer of this name is turned away for now, undefined when it is let in. Default: all are let in. */
  readonly turnAway?: (peer: string) => string | undefined
  /** Default 32 MiB. */
  readonly maxFrameBytes?: number
  /** Batches of one connection that `take` has not settled before its reading pauses. Default 64. */
  readonly maxUnacknowledged?: number
  /** Time for a new connection to say who it is. Default 5000. */
  readonly handshakeTimeoutMs?: number
  readonly heartbeatMs?: number
}
