import type { EventConsumer, EventConsumerOptions } from './event-consumer.ts'
import { createRedisConsumer } from './redis-consumer.ts'
import { createTableConsumer } from './table-consumer.ts'

/**
 * Opens the way out of the queue in Redis when `redis` is given, else of that in the database. Connects when first used.
 * @throws Error when neither is given, when no list is named, or when an address is not understood.
 */
export function openEventConsumer(options: EventConsumerOptions): EventConsumer {
  const { queues, name, leaseMs = 15_000, log } = options
  if (queues.length === 0) throw new Error('Cannot open the event queue: no list is named')
  if (options.redis) return createRedisConsumer(options.redis, { queues, name, leaseMs, log })
  if (options.database) return createTableConsumer(options.database, { queues, name, leaseMs })
  throw new Error('Cannot open the event queue: neither Redis nor a database is configured')
}
