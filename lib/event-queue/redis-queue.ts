import { Cluster } from 'ioredis'
import type { Logger } from '#lib/log'
import { pending } from './event-queue.ts'
import type { EventQueue, QueuedEvent, RedisOptions } from './event-queue.ts'
import { connect, watch } from './redis-connection.ts'

/**
 * Compares and pushes inside the server, so that a command which the server got although its answer was lost does no
 * harm when it is sent again, however late. KEYS: the mark, then a list per event. ARGV: sequence and event, in pairs.
 */
const pushScript = `
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
for i = 2, #KEYS do
  local sequence = tonumber(ARGV[2 * i - 3])
  if sequence > last then
    redis.call('LPUSH', KEYS[i], ARGV[2 * i - 2])
    last = sequence
    redis.call('SET', KEYS[1], ARGV[2 * i - 3])
  end
end
return last
`

/** Events one script call carries, so that the server is not held up for long. */
const eventsPerCall = 200

/** Open-Falcon's lists in Redis. The mark of a producer is the key `falcon:sequence:<producer>`. */
export function createRedisQueue(options: RedisOptions, listOf: (priority: number) => string, log: Logger): EventQueue {
  const redis = connect(options)
  const clustered = redis instanceof Cluster
  const trouble = watch(redis, log)
  const markOf = (producer: string) => `falcon:sequence:${producer}`
  const lastSequence = async (producer: string) => Number((await redis.get(markOf(producer))) ?? 0)

  async function pushTogether(producer: string, events: readonly QueuedEvent[]): Promise<void> {
    for (let at = 0; at < events.length; at += eventsPerCall) {
      const some = events.slice(at, at + eventsPerCall)
      const keys = [markOf(producer), ...some.map((event) => listOf(event.priority))]
      await redis.eval(pushScript, keys.length, ...keys, ...some.flatMap((event) => [event.sequence, event.json]))
    }
  }

  /** A cluster keeps the lists on different nodes: an event whose mark could not be set is pushed again (at least once). */
  async function pushOneByOne(producer: string, events: readonly QueuedEvent[]): Promise<void> {
    for (const event of events) {
      await redis.lpush(listOf(event.priority), event.json)
      await redis.set(markOf(producer), event.sequence)
    }
  }

  return {
    async push(producer, events) {
      try {
        const fresh = pending(events, await lastSequence(producer))
        await (clustered ? pushOneByOne(producer, fresh) : pushTogether(producer, fresh))
      } catch (error) {
        // ioredis would say that it has given up, not what it was up against.
        throw new Error(`Cannot push events to redis: ${trouble() ?? (error as Error).message}`, { cause: error })
      }
    },
    lastSequence,
    length: (priority) => redis.llen(listOf(priority)),
    async peek(priority, count) {
      const newestFirst = count > 0 ? await redis.lrange(listOf(priority), -count, -1) : []
      return newestFirst.toReversed()
    },
    close: async () => redis.disconnect(),
  }
}
