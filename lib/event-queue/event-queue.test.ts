import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '#lib/log'
import { applySchema, openDatabase } from '#lib/sql'
import { startMariadb, startRedis, startSentinel } from '../../test/services/index.ts'
import type { Mariadb, PrivateRedis } from '../../test/services/index.ts'
import { openEventQueue } from './index.ts'
import type { EventQueue, EventQueueOptions, QueuedEvent } from './index.ts'

const queuePattern = 'event:p%v'
const logLines: string[] = []
const log = createLogger('test', {
  destination: new Writable({ write: (line, _encoding, done) => (logLines.push(String(line)), done()) }),
})

let redis: PrivateRedis
let mariadb: Mariadb
beforeAll(async () => {
  ;[redis, mariadb] = await Promise.all([startRedis(), startMariadb()])
}, 120_000)
afterAll(() => Promise.all([redis.remove(), mariadb.remove()]))

function events(from: number, to: number, priority = 0): QueuedEvent[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    sequence: from + i,
    priority,
    json: JSON.stringify({ id: `s_${from + i}_高`, status: 'PROBLEM' }),
  }))
}
const texts = (list: readonly QueuedEvent[]) => list.map((event) => event.json)

function opened(options: Omit<EventQueueOptions, 'log' | 'queuePattern'>): EventQueue {
  const queue = openEventQueue({ ...options, queuePattern, log })
  onTestFinished(() => queue.close())
  return queue
}

async function tableQueue(dsn: string): Promise<EventQueue> {
  const database = openDatabase(dsn)
  onTestFinished(() => database.close())
  await applySchema(database)
  return opened({ database })
}

const backends: Record<string, () => Promise<EventQueue>> = {
  async redis() {
    const client = await redis.connect()
    await client.flushall()
    client.disconnect()
    return opened({ redis: { dsn: redis.dsn } })
  },
  sqlite() {
    const folder = mkdtempSync(join(tmpdir(), 'falcon-queue-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    return tableQueue(`sqlite:${join(folder, 'falcon.db')}`)
  },
  async mysql() {
    await mariadb.query('DROP DATABASE IF EXISTS falcon_portal')
    return tableQueue(mariadb.dsn('falcon_portal'))
  },
}

describe.each(Object.keys(backends))('%s', (backend) => {
  const open = () => (backends[backend] as () => Promise<EventQueue>)()

  test('events wait in their order, each on the list of its priority', async () => {
    const queue = await open()
    const mixed = [...events(1, 2, 0), ...events(3, 3, 6), ...events(4, 4, 0)]
    await queue.push('judge-a', mixed)
    expect(await queue.peek(0, 10)).toEqual(texts([...events(1, 2), ...events(4, 4)]))
    expect(await queue.peek(0, 2)).toEqual(texts(events(1, 2)))
    expect(await queue.peek(0, 0)).toEqual([])
    expect(await queue.peek(6, 10)).toEqual(texts(events(3, 3)))
    expect([await queue.length(0), await queue.length(6), await queue.length(1)]).toEqual([3, 1, 0])
  })

  test('a repeated push adds only what has not landed', async () => {
    const queue = await open()
    expect(await queue.lastSequence('judge-a')).toBe(0)
    await queue.push('judge-a', [])
    await queue.push('judge-a', events(1, 700))
    await queue.push('judge-a', events(1, 700))
    await queue.push('judge-a', events(690, 710))
    expect(await queue.lastSequence('judge-a')).toBe(710)
    expect(await queue.peek(0, 1000)).toEqual(texts(events(1, 710)))
  })

  test('producers count for themselves, and pushes at the same time do not double', async () => {
    const queue = await open()
    await Promise.all([
      queue.push('judge-a', events(1, 50)),
      queue.push('judge-b', events(1, 50)),
      queue.push('judge-a', events(1, 50)),
    ])
    expect(await queue.length(0)).toBe(100)
    expect(await queue.lastSequence('judge-b')).toBe(50)
  })

  test('events given out of order land in order', async () => {
    const queue = await open()
    await queue.push('judge-a', events(1, 5).toReversed())
    expect(await queue.peek(0, 10)).toEqual(texts(events(1, 5)))
  })
})

/** As judge does it: the same batch again until it is taken. */
async function pushUntilTaken(queue: EventQueue, batch: readonly QueuedEvent[], failed = () => {}): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await queue.push('judge-a', batch)
    } catch (error) {
      if (attempt > 1000) throw error
      failed()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

test('redis killed again and again while events are pushed: each lands exactly once', async () => {
  const queue = await (backends['redis'] as () => Promise<EventQueue>)()
  let next = 1
  let failures = 0
  const done = new AbortController()
  const killing = (async () => {
    for (let round = 0; round < 6; round++) {
      const before = { next, failures }
      await until(() => next > before.next + 40)
      await redis.kill()
      // Every other time long enough for a push to be refused, else so short that ioredis sends it again itself.
      if (round % 2 === 0) await until(() => failures > before.failures)
      await redis.start()
    }
    done.abort()
  })()
  while (!done.signal.aborted) {
    await pushUntilTaken(queue, events(next, next + 6, next % 3), () => failures++)
    next += 7
  }
  await killing
  const landed = (await Promise.all([0, 1, 2].map((priority) => queue.peek(priority, 1_000_000)))).flat()
  expect(new Set(landed).size).toBe(landed.length)
  expect(landed).toHaveLength(next - 1)
  expect(logLines.filter((line) => line.includes('event queue in redis lost')).length).toBeGreaterThan(0)
}, 60_000)

test('redis that is away rejects the push in time, and the queue works when it is back', async () => {
  const queue = opened({ redis: { dsn: redis.dsn, connectTimeoutMs: 500, commandTimeoutMs: 500 } })
  await redis.kill()
  await expect(queue.push('judge-away', events(1, 1))).rejects.toThrow(/ECONNREFUSED/)
  await redis.start()
  await pushUntilTaken(queue, events(1, 1))
  expect(await queue.peek(0, 1)).toHaveLength(1)
}, 30_000)

test('a password in the URL, in the dsn or beside it, is used and never logged', async () => {
  const guarded = await startRedis(['--requirepass', 'p@ss:word'])
  onTestFinished(() => guarded.remove())
  const byUrl = opened({ redis: { dsn: `redis://:${encodeURIComponent('p@ss:word')}@${guarded.dsn}/2` } })
  await byUrl.push('judge-a', events(1, 1))
  const beside = opened({ redis: { dsn: guarded.dsn, password: 'p@ss:word' } })
  await beside.push('judge-a', events(1, 3))
  // Databases of one server are apart.
  expect([await byUrl.length(0), await beside.length(0)]).toEqual([1, 3])
  const without = opened({ redis: { dsn: guarded.dsn } })
  await expect(without.push('judge-a', events(1, 1))).rejects.toThrow(/NOAUTH/)
  expect(logLines.join('')).not.toContain('p@ss')
}, 30_000)

test('sentinels are asked for the master', async () => {
  const sentinel = await startSentinel(redis)
  onTestFinished(() => sentinel.remove())
  // One of the sentinels is away.
  const addresses = ['127.0.0.1:1', sentinel.dsn]
  const queue = opened({ redis: { sentinel: { name: 'mymaster', addresses } } })
  await queue.push('judge-sentinel', events(1, 3, 4))
  const direct = opened({ redis: { dsn: redis.dsn } })
  expect(await direct.lastSequence('judge-sentinel')).toBe(3)
  expect(await direct.peek(4, 10)).toEqual(texts(events(1, 3)))
}, 30_000)

test('a redis cluster takes the events too, although its lists live on different nodes', async () => {
  const node = await startRedis(['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'])
  onTestFinished(() => node.remove())
  const client = await node.connect()
  await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  while (!String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'))
    await new Promise((resolve) => setTimeout(resolve, 20))
  client.disconnect()
  const queue = opened({ redis: { cluster: [node.dsn] } })
  const mixed = [...events(1, 2, 0), ...events(3, 3, 5)]
  await queue.push('judge-a', mixed)
  await queue.push('judge-a', mixed)
  expect(await queue.peek(0, 10)).toEqual(texts(events(1, 2)))
  expect(await queue.length(5)).toBe(1)
}, 30_000)

test('what cannot be opened is refused with the reason', () => {
  const open = (options: Omit<EventQueueOptions, 'log' | 'queuePattern'>, pattern = queuePattern) =>
    openEventQueue({ ...options, queuePattern: pattern, log })
  expect(() => open({})).toThrow('neither Redis nor a database')
  expect(() => open({ redis: { dsn: '127.0.0.1:1' } }, 'event')).toThrow('%v')
  expect(() => open({ redis: {} })).toThrow('neither dsn, sentinel nor cluster')
  expect(() => open({ redis: { dsn: 'localhost' } })).toThrow('neither host:port nor a redis:// URL')
  expect(() => open({ redis: { dsn: 'http://localhost' } })).toThrow('http://')
})
