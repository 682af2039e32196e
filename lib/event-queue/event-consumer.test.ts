import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '#lib/log'
import { applySchema, openDatabase } from '#lib/sql'
import { startMariadb, startRedis } from '../../test/services/index.ts'
import type { Mariadb, PrivateRedis } from '../../test/services/index.ts'
import { openEventConsumer, openEventQueue } from './index.ts'
import type { EventConsumer, EventQueue, EventQueueOptions, QueuedEvent } from './index.ts'

const queuePattern = 'event:p%v'
const queues = ['event:p0', 'event:p1', 'event:p6']
const log = createLogger('test', { destination: { write: () => undefined } })

let redis: PrivateRedis
let mariadb: Mariadb
beforeAll(async () => {
  ;[redis, mariadb] = await Promise.all([startRedis(), startMariadb()])
}, 120_000)
afterAll(() => Promise.all([redis.remove(), mariadb.remove()]))

type Place = Pick<EventQueueOptions, 'redis' | 'database'>

async function tables(dsn: string): Promise<Place> {
  const database = openDatabase(dsn)
  onTestFinished(() => database.close())
  await applySchema(database)
  return { database }
}

const backends: Record<string, () => Promise<Place>> = {
  async redis() {
    const client = await redis.connect()
    await client.flushall()
    client.disconnect()
    return { redis: { dsn: redis.dsn } }
  },
  sqlite() {
    const folder = mkdtempSync(join(tmpdir(), 'falcon-consumer-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    return tables(`sqlite:${join(folder, 'falcon.db')}`)
  },
  async mysql() {
    await mariadb.query('DROP DATABASE IF EXISTS falcon_portal')
    await tables(mariadb.dsn('falcon_portal'))
    // As an old alarm's configuration names it: the queue is found all the same.
    return tables(mariadb.dsn('alarms'))
  },
}

async function opened(backend: string) {
  const place = await (backends[backend] as () => Promise<Place>)()
  const producer = place.database?.dialect === 'mysql' ? await tables(mariadb.dsn('falcon_portal')) : place
  const queue: EventQueue = openEventQueue({ ...producer, queuePattern, log })
  onTestFinished(() => queue.close())
  const consumer = (name: string, leaseMs = 60_000): EventConsumer => {
    const one = openEventConsumer({ ...place, queues, name, leaseMs, log })
    onTestFinished(() => one.close())
    return one
  }
  return { queue, consumer }
}

let sequence = 0
function events(count: number, priority: number): QueuedEvent[] {
  return Array.from({ length: count }, () => ({ sequence: ++sequence, priority, json: `{"id":"高 ${sequence}"}` }))
}
const texts = (list: readonly { json: string }[]) => list.map((event) => event.json)
const taken = async (consumer: EventConsumer, count = 100) => (await consumer.take(count)).map((event) => event.text)

describe.each(Object.keys(backends))('%s', (backend) => {
  test('the most urgent list comes first, the oldest event of a list first, and what is finished is gone', async () => {
    const { queue, consumer } = await opened(backend)
    const [late, soon] = [events(3, 6), events(2, 0)]
    await queue.push('judge', [...late, ...soon])
    const one = consumer('a')
    const first = await one.take(3)
    expect(first.map((event) => event.text)).toEqual([...texts(soon), ...texts(late.slice(0, 1))])
    expect(first.map((event) => event.queue)).toEqual(['event:p0', 'event:p0', 'event:p6'])
    await one.finish(first)
    expect(await taken(one)).toEqual(texts(late.slice(1)))
  })

  test('what was taken and not finished comes again before all others, also after half of it was finished', async () => {
    const { queue, consumer } = await opened(backend)
    const some = events(4, 1)
    await queue.push('judge', some)
    const one = consumer('a')
    const first = await one.take(3)
    await queue.push('judge', events(1, 0))
    expect(await one.take(3)).toEqual(first)
    await one.finish(first.slice(0, 1))
    await one.finish(first.slice(0, 1))
    expect(await taken(one, 2)).toEqual(texts(some.slice(1, 3)))
  })

  test('two consumers at once share the events; none is given to both', async () => {
    const { queue, consumer } = await opened(backend)
    const many = events(300, 1)
    await queue.push('judge', many)
    const drain = async (name: string) => {
      const one = consumer(name)
      const all: string[] = []
      for (;;) {
        const some = await one.take(7).catch(() => one.take(7))
        if (some.length === 0) return all
        all.push(...some.map((event) => event.text))
        await one.finish(some)
      }
    }
    const [a, b] = await Promise.all([drain('a'), drain('b')])
    expect([...a, ...b].toSorted()).toEqual(texts(many).toSorted())
  })

  test('a dead consumer’s events go to another in their order, ahead of newer ones; a living one keeps its own', async () => {
    const { queue, consumer } = await opened(backend)
    const some = events(5, 0)
    await queue.push('judge', some)
    const alive = consumer('alive', 60_000)
    await alive.take(1)
    const dead = consumer('dead', 1)
    await dead.take(3)
    const over = Date.now() + 3
    while (Date.now() < over) await new Promise((resolve) => setTimeout(resolve, 1))
    const heir = consumer('heir', 1)
    const got: string[] = []
    while (got.length < 4) {
      // What a dead one held and what nobody took may come by two calls.
      const more = await heir.take(1)
      got.push(...more.map((event) => event.text))
      await heir.finish(more)
    }
    expect(got).toEqual(texts(some.slice(1)))
    expect(await taken(alive)).toEqual(texts(some.slice(0, 1)))
  })

  test('a consumer that closes leaves what it held to the next at once', async () => {
    const { queue, consumer } = await opened(backend)
    const some = events(2, 0)
    await queue.push('judge', some)
    const first = consumer('a')
    await first.take(2)
    await first.close()
    const next = consumer('b')
    expect(await taken(next)).toEqual(texts(some))
  })

  test('what waits is counted by list, without what is held', async () => {
    const { queue, consumer } = await opened(backend)
    await queue.push('judge', [...events(3, 0), ...events(1, 6)])
    const one = consumer('a')
    expect(Object.fromEntries(await one.waiting())).toEqual({ 'event:p0': 3, 'event:p1': 0, 'event:p6': 1 })
    await one.take(2)
    expect((await one.waiting()).get('event:p0')).toBe(1)
  })
})

test('redis killed again and again while events are taken: each is finished once, none is lost', async () => {
  const { queue, consumer } = await opened('redis')
  const many = events(2000, 0)
  await queue.push('judge', many)
  const one = consumer('a')
  const finished = new Map<string, number>()
  let kills = 0
  for (let idle = 0; idle < 2;) {
    if (kills < 6 && finished.size > kills * 300) {
      kills++
      void redis.kill().then(() => redis.start())
    }
    try {
      const some = await one.take(20)
      for (const { text } of some) finished.set(text, (finished.get(text) ?? 0) + 1)
      await one.finish(some)
      idle = some.length === 0 ? idle + 1 : 0
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  expect([...finished.keys()].toSorted()).toEqual(texts(many).toSorted())
  expect(kills).toBe(6)
}, 60_000)

test('in a redis cluster the lists and what is held of them lie on the same node', async () => {
  const node = await startRedis(['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'])
  onTestFinished(() => node.remove())
  const client = await node.connect()
  await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  while (!String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'))
    await new Promise((resolve) => setTimeout(resolve, 20))
  client.disconnect()
  const place = { redis: { cluster: [node.dsn] } }
  const queue = openEventQueue({ ...place, queuePattern, log })
  onTestFinished(() => queue.close())
  const some = [...events(2, 0), ...events(1, 6)]
  await queue.push('judge', some)
  const one = openEventConsumer({ ...place, queues, name: 'a', log })
  onTestFinished(() => one.close())
  const first = await one.take(10)
  expect(first.map((event) => event.text)).toEqual(texts(some))
  await one.finish(first)
  expect(await one.take(10)).toEqual([])
}, 30_000)

test('what cannot be opened is refused with the reason', () => {
  expect(() => openEventConsumer({ queues, name: 'a', log })).toThrow('neither Redis nor a database')
  expect(() => openEventConsumer({ redis: { dsn: '127.0.0.1:1' }, queues: [], name: 'a', log })).toThrow('no list')
})
