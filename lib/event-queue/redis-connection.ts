import { Cluster, Redis } from 'ioredis'
import type { Logger } from '#lib/log'
import type { RedisOptions } from './event-queue.ts'
import { parseRedisAddress } from './redis-address.ts'

/** Connects with the first command; one that gets no answer in time fails. */
export function connect(options: RedisOptions): Redis | Cluster {
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
export function watch(redis: Redis | Cluster, log: Logger): () => string | undefined {
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
