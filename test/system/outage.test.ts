import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { applySchema, openDatabase } from '#lib/sql'
import { asObject, expectedEvents, queuedEvents } from '../drivers/alarms.ts'
import type { SentItem } from '../drivers/falcon-client.ts'
import { startFleet } from '../drivers/fleet.ts'
import type { Fleet } from '../drivers/fleet.ts'
import { until } from '../drivers/process.ts'
import type { ModuleProcess } from '../drivers/process.ts'
import { createStream } from '../drivers/stream.ts'
import { startMariadb, startRedis } from '../services/index.ts'
import type { Mariadb, PrivateRedis } from '../services/index.ts'

const judgedHosts = 10
const storedSeries = 190
const threshold = 10
const tickMs = 150
const ticks = 330

let mariadb: Mariadb
let redis: PrivateRedis
let fleet: Fleet

beforeAll(async () => {
  ;[mariadb, redis] = await Promise.all([startMariadb(), startRedis()])
  const database = openDatabase(mariadb.dsn('falcon_portal'))
  await applySchema(database)
  await database.close()
  // One strategy through group and template for half of the hosts, one expression for the others.
  await mariadb.query(`USE falcon_portal;
    INSERT INTO action (id, uic) VALUES (7, 'ops');
    INSERT INTO tpl (id, tpl_name, parent_id, action_id, create_user) VALUES (5, 'stream', 0, 7, 'root');
    INSERT INTO strategy (id, metric, tags, max_step, priority, func, op, right_value, note, tpl_id)
      VALUES (11, 'stream.value', 'kind=strategy', 1, 1, 'all(#2)', '>', '${threshold}', 'stream too high', 5);
    INSERT INTO expression (id, expression, func, op, right_value, max_step, priority, note, action_id, create_user, pause)
      VALUES (21, 'each(metric=stream.value kind=expression)', 'all(#2)', '>', '${threshold}', 1, 2, 'stream too high', 7, 'root', 0);
    INSERT INTO grp (id, grp_name, create_user) VALUES (3, 'streams', 'root');
    INSERT INTO grp_tpl (grp_id, tpl_id, bind_user) VALUES (3, 5, 'root');
    INSERT INTO host (id, hostname) VALUES ${Array.from({ length: judgedHosts }, (_, i) => `(${i + 1}, 'judged-${i}')`).join(', ')};
    INSERT INTO grp_host (grp_id, host_id) SELECT 3, id FROM host;`)
  fleet = await startFleet({ database: mariadb.dsn('falcon_portal'), redis: redis.dsn, minStep: 1 })
}, 120_000)

afterAll(async () => {
  await fleet?.remove()
  await Promise.all([redis?.remove(), mariadb?.remove()])
})

/** One tick of the stream: a square wave for judge, with another period on each host, and plain series for storage. */
function tickItems(tick: number, timestamp: number): SentItem[] {
  const item = (endpoint: string, metric: string, value: number, tags: string): SentItem => ({
    endpoint,
    metric,
    value,
    step: 1,
    counterType: 'GAUGE',
    tags,
    timestamp,
  })
  const judged = Array.from({ length: judgedHosts }, (_, i) =>
    item(
      `judged-${i}`,
      'stream.value',
      Math.floor(tick / (4 + i)) % 2 === 0 ? 1 : 99,
      i % 2 === 0 ? 'kind=strategy' : 'kind=expression',
    ),
  )
  const stored = Array.from({ length: storedSeries }, (_, i) =>
    item('stored', `m${i}`, tick * 1000 + i, i % 3 === 0 ? 'a=1,b=2' : ''),
  )
  return [...judged, ...stored]
}

async function lists(): Promise<string[]> {
  const client = await redis.connect()
  try {
    const all = await Promise.all(['event:p1', 'event:p2'].map((name) => client.lrange(name, 0, -1)))
    return all.flatMap((list) => list.toReversed())
  } finally {
    client.disconnect()
  }
}

test('each process is killed under a steady stream: nothing acknowledged is lost, no event repeated or missing', async () => {
  const judge = fleet.judge
  if (!judge) throw new Error('this test needs judge')
  await until(
    'judge to have the rules',
    () => judge.get('/strategy/judged-0/stream.value'),
    (answer) => JSON.stringify(answer).includes('"id":11'),
  )

  const outage = async (pauseMs: number, ...processes: (ModuleProcess | PrivateRedis | Mariadb)[]) => {
    await Promise.all(processes.map((one) => one.kill()))
    await sleep(pauseMs)
    await Promise.all(processes.map((one) => ('restart' in one ? one.restart() : one.start())))
  }
  const plan = new Map<number, () => Promise<void>>([
    [30, () => outage(1500, judge)],
    [65, () => outage(1500, fleet.graph)],
    [100, () => outage(1500, fleet.transfer)],
    [135, () => outage(1500, fleet.hbs)],
    [170, () => outage(2500, redis)],
    [205, () => outage(1500, mariadb)],
    [240, () => outage(1000, judge, fleet.graph)],
    [275, () => outage(500, redis, judge)],
  ])

  // Samples a second apart, beginning a little in the past, so that none is stale when an outage has ended.
  const begin = Math.floor(Date.now() / 1000) - 200
  const stream = createStream(fleet.ports.transferRpc)
  const outages: Promise<void>[] = []
  for (let tick = 0; tick < ticks; tick++) {
    const started = Date.now()
    const happening = plan.get(tick)
    if (happening) outages.push(happening())
    await stream.send(tickItems(tick, begin + tick))
    await sleep(Math.max(0, tickMs - (Date.now() - started)))
  }
  await Promise.all(outages)
  stream.close()
  expect(stream.acknowledged.length).toBe(ticks * (judgedHosts + storedSeries))

  const lost = await until(
    'all acknowledged samples in storage',
    () => fleet.missing(stream.acknowledged),
    (missing) => missing.length === 0,
  )
  expect(lost).toEqual([])

  const judged = stream.acknowledged.filter((item) => item.metric === 'stream.value')
  const expected = asObject(expectedEvents(judged, threshold))
  expect(Object.keys(expected).length).toBe(judgedHosts)
  const wanted = JSON.stringify(expected)
  const found = await until(
    'the events on the queue',
    async () => asObject(queuedEvents(await lists())),
    (events) => JSON.stringify(events) === wanted,
  ).catch(async () => asObject(queuedEvents(await lists())))
  expect(found).toEqual(expected)
})
