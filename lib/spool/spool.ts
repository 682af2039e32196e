import type { Logger } from '#lib/log'

/** One record as `append` took it. */
export interface SpoolRecord {
  readonly data: Uint8Array
  readonly items: number
  /** Unix seconds at which it was appended. */
  readonly at: number
  /** Rises by one a record; only good within this opening of the spool. */
  readonly sequence: number
}

export type SpoolDrop = 'size' | 'age' | 'corrupt'

export interface SpoolStats {
  readonly records: number
  readonly items: number
  /** Bytes of the records not yet released, headers included. */
  readonly bytes: number
  /** Age of the oldest record in seconds, 0 when there is none. */
  readonly oldestSeconds: number
}

/**
 * A bounded first-in first-out queue of opaque records in files of one folder. An `append` that returned survives
 * SIGKILL; power loss may cost what was appended in the last second or so. Records come back at least once:
 * one released just before a crash may reappear.
 */
export interface Spool {
  /**
   * Returns the record's sequence. Drops the oldest records when `maxBytes` would be passed.
   * @throws when the disk refuses (full, read-only); nothing of the record is then kept.
   */
  append(record: Uint8Array, items: number): number
  /** The oldest record not yet released. */
  peek(): SpoolRecord | undefined
  /** The oldest records in order: as many as fit `maxItems` and `maxBytes` together, but at least one if there is one. */
  peekMany(maxItems: number, maxBytes: number): SpoolRecord[]
  /**
   * Releases this record and all before it. Returns the items that left the spool now; those that `onDrop` has
   * reported in the meantime are not among them.
   */
  release(record: Pick<SpoolRecord, 'sequence'>): number
  stats(): SpoolStats
  close(): void
}

export interface SpoolOptions {
  /** Created when it does not exist. One process at a time may have it open. */
  readonly dir: string
  readonly maxBytes: number
  readonly maxAgeSeconds: number
  /** Told of every item that will never come out again, also while the spool opens. */
  readonly onDrop: (items: number, reason: SpoolDrop) => void
  readonly log: Logger
  /** Milliseconds; default Date.now. */
  readonly now?: () => number
  /** Milliseconds on a clock that is never set: given one, what is written in this run is as old as it has waited by it. */
  readonly steadyNow?: () => number
}
