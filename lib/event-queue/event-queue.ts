import type { Logger } from '#lib/log'
import type { Database } from '#lib/sql'

/** One event for alarm, as its producer numbered it. */
export interface QueuedEvent {
  /** Rising per producer, greater than 0. */
  readonly sequence: number
  /** 0 worst … 6; part of the list's name. */
  readonly priority: number
  /** Open-Falcon's event JSON, as it is to be found on the list. */
  readonly json: string
}

/** The way from judge to alarm: one list per priority, oldest out first. */
export interface EventQueue {
  /**
   * Puts events on their lists. Those whose sequence is not above `lastSequence(producer)` are passed over, so a producer
   * may repeat a push after any failure and each event still lands exactly once. A producer's name belongs to one
   * process, which goes on counting from `lastSequence` when its own memory of it is lost.
   * Rejects when the queue cannot be reached; nothing or all of the events may then have landed.
   */
  push(producer: string, events: readonly QueuedEvent[]): Promise<void>
  /** The highest sequence that landed; 0 for a producer never heard of. */
  lastSequence(producer: string): Promise<number>
  /** Events waiting with this priority. */
  length(priority: number): Promise<number>
  /** Up to `count` waiting events, oldest first; they stay. */
  peek(priority: number, count: number): Promise<string[]>
  close(): Promise<void>
}

/** How to reach Redis: one server, a set of sentinels, or a cluster. */
export interface RedisOptions {
  /** `host:port`, or `redis://[user:password@]host:port[/db]` (`rediss://` for TLS). Not needed with sentinels or a cluster. */
  readonly dsn?: string | undefined
  readonly password?: string | undefined
  /** Watched by Redis Sentinel: the name of the master, and `host:port` of the sentinels. */
  readonly sentinel?: { readonly name: string; readonly addresses: readonly string[] } | undefined
  /** `host:port` of some nodes of a Redis Cluster. */
  readonly cluster?: readonly string[] | undefined
  /** Default 5000. */
  readonly connectTimeoutMs?: number | undefined
  /** A command without an answer for so long fails; default 5000. */
  readonly commandTimeoutMs?: number | undefined
}

export interface EventQueueOptions {
  /** Where Open-Falcon's lists are; when absent, `database` holds the queue. */
  readonly redis?: RedisOptions | undefined
  /** Its schema must be applied. The queue does not close it. */
  readonly database?: Database | undefined
  /** Name of a list, `%v` standing for the priority: `event:p%v`. */
  readonly queuePattern: string
  readonly log: Logger
}

/** The events that have not landed yet, in rising order. */
export function pending(events: readonly QueuedEvent[], lastSequence: number): QueuedEvent[] {
  return events.filter((event) => event.sequence > lastSequence).toSorted((a, b) => a.sequence - b.sequence)
}
