import { Cluster, Redis } from 'ioredis'
import type { Logger } from '#lib/log'
import { pending } from './event-queue.ts'
import type { EventQueue, QueuedEvent, RedisOptions } from './event-queue.ts'
import { parseRedisAddress } from './redis-address.ts'

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

function connect(options: RedisOptions): Redis | Cluster {
  const common = {
    // RESP2: servers before 6 and many proxies know no other.
    protocol: 2 as const,
    lazyConnect: true,
    connectTimeout: options.connectTimeoutMs ?? 5000,
    commandTimeout: options.commandTimeoutMs ?? 5000,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt: number) => Math.min(attempt * 100, 2000),
    ...(options.password === undefined || options.password === '' ? {} : { password: options.password }),
  }
  if (options.cluster && options.cluster.length > 0) {
    const { lazyConnect, connectTimeout, commandTimeout, maxRetriesPerRequest, retryStrategy, ...redisOptions } = common
    return new Cluster(options.cluster.map(hostAndPort), {
      lazyConnect,
      clusterRetryStrategy: retryStrategy,
      redisOptions: { ...redisOptions, connectTimeout, commandTimeout, maxRetriesPerRequest },
    })
  }
  if (options.sentinel)
    return new Redis({ ...common, name: options.sentinel.name, sentinels: options.sentinel.addresses.map(hostAndPort) })
  if (options.dsn === undefined || options.dsn === '')
    throw new Error('Cannot open the event queue: Redis has neither dsn, sentinel nor cluster')
  return new Redis({ ...common, ...parseRedisAddress(options.dsn) })
}

function hostAndPort(text: string): { host: string; port: number } {
  const { host, port } = parseRedisAddress(text)
  return { host, port }
}

/** One line when the server goes away, one when it is back; ioredis itself would say it at every attempt. Returns what ails the connection. */
function watch(redis: Redis | Cluster, log: Logger): () => string | undefined {
  let trouble: string | undefined
  redis.on('error', (error: Error) => {
    if (trouble === undefined) log.error({ err: error }, 'event queue in redis lost')
    trouble = error.message
  })
  redis.on('ready', () => {
    if (trouble !== undefined) log.info('event queue in redis is back')
    trouble = undefined
  })
  return () => trouble
}
