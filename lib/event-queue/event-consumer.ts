import type { Logger } from '#lib/log'
import type { Database } from '#lib/sql'
import type { RedisOptions } from './event-queue.ts'

/** An event that was taken from its list for one consumer, and is not gone yet. */
export interface TakenEvent {
  /** Name of the list it was on. */
  readonly queue: string
  /** What was found there; of an Open-Falcon judge or ours, or anything else somebody put on the list. */
  readonly text: string
  /** How the queue knows it. */
  readonly token: string
}

/**
 * The way out of the queue. An event that was taken stays with the queue until `finish`, so that a consumer may die at
 * any moment: what it held goes to another one, or to its own next start, once its lease is over. So an event comes at
 * least once, and one whose `finish` did not get through comes again; whoever records it must know it again.
 * Calls of one consumer must not overlap.
 */
export interface EventConsumer {
  /** Up to `count` events, lists in the order given, oldest first; before all others those taken and not finished. */
  take(count: number): Promise<TakenEvent[]>
  /** Those events are dealt with and leave the queue. */
  finish(events: readonly TakenEvent[]): Promise<void>
  /** Events waiting on each list, those taken by no one. */
  waiting(): Promise<Map<string, number>>
  /** Gives up the lease, so that nobody waits for it to end. What was taken and not finished is another's. */
  close(): Promise<void>
}

export interface EventConsumerOptions {
  /** Where Open-Falcon's lists are; when absent, `database` holds the queue. */
  readonly redis?: RedisOptions | undefined
  /** Its schema must be applied. The consumer does not close it. */
  readonly database?: Database | undefined
  /** Names of the lists, the most urgent first. */
  readonly queues: readonly string[]
  /** Of this process and run alone. */
  readonly name: string
  /** A consumer that does not call for so long is taken for dead; default 15 000. */
  readonly leaseMs?: number | undefined
  readonly log: Logger
}
