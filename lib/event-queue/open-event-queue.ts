import type { EventQueue, EventQueueOptions } from './event-queue.ts'
import { createRedisQueue } from './redis-queue.ts'
import { createTableQueue } from './table-queue.ts'

/**
 * Opens the queue in Redis when `redis` is given, else in the database. Connects when first used.
 * @throws Error when neither is given, or when an address is not understood.
 */
export function openEventQueue(options: EventQueueOptions): EventQueue {
  if (!options.queuePattern.includes('%v'))
    throw new Error(`Cannot open the event queue: its pattern "${options.queuePattern}" lacks %v for the priority`)
  const listOf = (priority: number) => options.queuePattern.replaceAll('%v', String(priority))
  if (options.redis) return createRedisQueue(options.redis, listOf, options.log)
  if (options.database) return createTableQueue(options.database, listOf)
  throw new Error('Cannot open the event queue: neither Redis nor a database is configured')
}
