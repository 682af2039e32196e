import { Cluster } from 'ioredis'
import type { Logger } from '#lib/log'
import type { EventConsumer, TakenEvent } from './event-consumer.ts'
import type { RedisOptions } from './event-queue.ts'
import { connect, watch } from './redis-connection.ts'

/**
 * What is held comes first; then events move from their list to the one that holds them, in one step inside the server.
 * KEYS: a list, its holder, the list's consumers, and so on for every list. ARGV: count, consumer. Answers a table a list.
 */
const takeScript = `
local left = tonumber(ARGV[1])
local answer = {}
for i = 1, #KEYS, 3 do
  local found = {}
  local held = left > 0 and redis.call('LRANGE', KEYS[i + 1], -left, -1) or found
  for k = #held, 1, -1 do found[#found + 1] = held[k] end
  left = left - #found
  answer[#answer + 1] = found
end
for i = 1, #KEYS, 3 do
  local found = answer[(i + 2) / 3]
  while left > 0 do
    local event = redis.call('RPOPLPUSH', KEYS[i], KEYS[i + 1])
    if not event then break end
    found[#found + 1] = event
    left = left - 1
  end
  if #found > 0 then redis.call('SADD', KEYS[i + 2], ARGV[2]) end
end
return answer
`

/** By value: a call that the server executes late, after its connection broke, cannot remove what was taken since. */
const finishScript = `
for i = 1, #ARGV do redis.call('LREM', KEYS[1], -1, ARGV[i]) end
return #ARGV
`

/** Puts what a dead consumer held back to the old end of its list, in its order. KEYS: list, holder, consumers. ARGV: consumer. */
const giveBackScript = `
local moved = 0
while true do
  local event = redis.call('LPOP', KEYS[2])
  if not event then break end
  redis.call('RPUSH', KEYS[1], event)
  moved = moved + 1
end
redis.call('SREM', KEYS[3], ARGV[1])
return moved
`

interface Consumer {
  readonly queues: readonly string[]
  readonly name: string
  readonly leaseMs: number
  readonly log: Logger
}

/**
 * Open-Falcon's lists in Redis. Beside a list `event:p0` are `{event:p0}:falcon:held:<consumer>` and the set
 * `{event:p0}:falcon:consumers`; the braces keep them on the list's node of a cluster. The key `falcon:lease:<consumer>` expires
 * when its consumer is dead.
 */
export function createRedisConsumer(options: RedisOptions, consumer: Consumer): EventConsumer {
  const { queues, name, leaseMs, log } = consumer
  const redis = connect(options)
  const trouble = watch(redis, log)
  const holder = (queue: string, of = name) => `{${queue}}:falcon:held:${of}`
  const consumers = (queue: string) => `{${queue}}:falcon:consumers`
  const lease = (of: string) => `falcon:lease:${of}`
  // A script may only touch keys of one node.
  const calls = redis instanceof Cluster ? queues.map((queue) => [queue]) : [queues]
  let lookAgainAt = 0

  async function attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      throw new Error(`Cannot ${what} redis: ${trouble() ?? (error as Error).message}`, { cause: error })
    }
  }

  /** Events of consumers that died, once in a third of a lease. */
  async function giveBackOfTheDead(): Promise<void> {
    if (Date.now() < lookAgainAt) return
    for (const queue of queues) {
      const others = (await redis.smembers(consumers(queue))).filter((other) => other !== name)
      for (const other of others) {
        if ((await redis.exists(lease(other))) > 0) continue
        const keys = [queue, holder(queue, other), consumers(queue)]
        const moved = Number(await redis.eval(giveBackScript, keys.length, ...keys, other))
        if (moved > 0) log.warn({ queue, consumer: other, events: moved }, 'events of a dead consumer are back')
      }
    }
    lookAgainAt = Date.now() + leaseMs / 3
  }

  async function take(count: number): Promise<TakenEvent[]> {
    await redis.set(lease(name), '1', 'PX', leaseMs)
    await giveBackOfTheDead()
    const taken: TakenEvent[] = []
    for (const some of calls) {
      if (taken.length >= count) break
      const keys = some.flatMap((queue) => [queue, holder(queue), consumers(queue)])
      const found = (await redis.eval(takeScript, keys.length, ...keys, count - taken.length, name)) as string[][]
      for (const [i, queue] of some.entries())
        for (const text of found[i] ?? []) taken.push({ queue, text, token: text })
    }
    return taken
  }

  return {
    take: (count) => attempt('take events from', () => take(count)),
    finish: (events) =>
      attempt('finish events in', async () => {
        for (const queue of queues) {
          const tokens = events.filter((event) => event.queue === queue).map((event) => event.token)
          if (tokens.length > 0) await redis.eval(finishScript, 1, holder(queue), ...tokens)
        }
      }),
    waiting: () =>
      attempt('count events in', async () => {
        const lengths = await Promise.all(queues.map((queue) => redis.llen(queue)))
        return new Map(queues.map((queue, i) => [queue, lengths[i] ?? 0]))
      }),
    async close() {
      // Only hastens what expires anyway.
      if (redis.status === 'ready') await redis.del(lease(name)).catch(() => undefined)
      redis.disconnect()
    },
  }
}
