import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openEventQueue } from '#lib/event-queue'
import { createLogger } from '#lib/log'
import { applySchema, inSchema, openDatabase } from '#lib/sql'
import type { Database } from '#lib/sql'
import { formatEvent } from '#protocol'
import { startMariadb, startRedis } from '../test/services/index.ts'
import { startChild } from './child.ts'
import type { Reached } from './goals.ts'

const events = 3000
const cases = 1000
const log = createLogger('bench', { destination: { write: () => {} } })

/**
 * Events put on the queue at once, until all are recorded, and until the mails of two people are with a provider and in the
 * ledger. The embedded file, and MariaDB with Redis. CPU is that of alarm alone.
 */
export async function run(): Promise<Reached> {
  console.log(`alarm, ${events} urgent events of ${cases} cases:`)
  const folder = mkdtempSync(join(tmpdir(), 'alarm-bench-'))
  const [mariadb, redis] = await Promise.all([startMariadb(), startRedis()])
  try {
    for (const provider of [false, true]) {
      await measure('sqlite', `sqlite:${join(folder, `${provider}.db`)}`, '', provider, folder)
      await mariadb.query(
        'DROP DATABASE IF EXISTS falcon_portal; DROP DATABASE IF EXISTS alarms; DROP DATABASE IF EXISTS uic',
      )
      await measure('mariadb and redis', mariadb.dsn('falcon_portal'), redis.dsn, provider, folder)
    }
    return {}
  } finally {
    await Promise.all([mariadb.remove(), redis.remove()])
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(name: string, dsn: string, redis: string, told: boolean, folder: string): Promise<void> {
  const database = openDatabase(dsn)
  const provider = createServer((request, response) => request.resume().on('end', () => response.end('ok')))
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
  const { port } = provider.address() as AddressInfo
  await prepare(database)
  const { child } = await startChild<object>(new URL('./alarm/process.ts', import.meta.url), [
    JSON.stringify({
      dir: join(folder, 'var'),
      database: dsn,
      http: { enabled: false },
      redis: { addr: redis },
      ...(told ? { api: { mail: `http://127.0.0.1:${port}/mail` } } : {}),
    }),
  ])
  const portal = inSchema(database, 'falcon_portal')
  const rows = async (table: 'falcon_alarm_event' | 'falcon_message') => {
    let query = portal.selectFrom(table as 'falcon_message').select((make) => make.fn.countAll<number>().as('rows'))
    if (table === 'falcon_message') query = query.where('state', '=', 'sent')
    return Number((await query.executeTakeFirstOrThrow()).rows)
  }
  const wanted = told ? 'falcon_message' : 'falcon_alarm_event'
  const queue = openEventQueue({
    ...(redis === '' ? { database } : { redis: { dsn: redis } }),
    queuePattern: 'event:p%v',
    log,
  })
  const producer = `bench-${Date.now()}`
  const push = (from: number, to: number) =>
    queue.push(
      producer,
      Array.from({ length: to - from }, (_, i) => ({ sequence: from + i + 1, priority: 0, json: eventText(from + i) })),
    )
  // The first one shows that everything is prepared.
  await push(0, 1)
  while ((await rows(wanted)) < 1) await sleep(20)
  const began = performance.now()
  const before = await usageOf(child)
  await push(1, events)
  while ((await rows(wanted)) < events) await sleep(20)
  const seconds = (performance.now() - began) / 1000
  const { usage, resident } = await usageOf(child)
  const cpu = (usage.user + usage.system - before.usage.user - before.usage.system) / events
  const what = told ? 'recorded and mailed' : 'recorded'
  console.log(
    `  ${name.padEnd(18)} ${what.padEnd(20)} ${(events / seconds).toFixed(0).padStart(6)} events/s  ${cpu.toFixed(0).padStart(5)} µs CPU/event  ${(resident / 2 ** 20).toFixed(0)} MB resident`,
  )
  const gone = once(child, 'exit')
  child.send('stop')
  await gone
  await queue.close()
  await database.close()
  provider.closeAllConnections()
  provider.close()
}

/** Two people in a team that an action names. */
async function prepare(database: Database): Promise<void> {
  await applySchema(database)
  const uic = inSchema(database, 'uic')
  await uic
    .insertInto('user')
    .values([1, 2].map((id) => ({ id, name: `u${id}`, email: `u${id}@example.com`, phone: '1', im: 'x' })))
    .execute()
  await uic.insertInto('team').values({ id: 1, name: 'ops' }).execute()
  await uic
    .insertInto('rel_team_user')
    .values([1, 2].map((uid) => ({ tid: 1, uid })))
    .execute()
  await inSchema(database, 'falcon_portal').insertInto('action').values({ id: 1, uic: 'ops' }).execute()
}

function eventText(i: number): string {
  const turn = Math.floor(i / cases)
  return formatEvent({
    id: `s_1_${String(i % cases).padStart(32, '0')}`,
    strategy: {
      id: 1,
      metric: 'cpu.idle',
      tags: {},
      func: 'all(#3)',
      operator: '<',
      rightValue: 5,
      maxStep: 3,
      priority: 0,
      note: 'cpu busy',
      tpl: { id: 1, name: 'base', parentId: 0, actionId: 1, creator: 'root' },
    },
    expression: null,
    status: turn % 2 === 0 ? 'PROBLEM' : 'OK',
    endpoint: `host${i % cases}`,
    leftValue: 3,
    currentStep: 1,
    eventTime: 1_795_000_000 + 60 * turn,
    pushedTags: { mount: '/' },
  })
}

interface Usage {
  readonly usage: NodeJS.CpuUsage
  readonly resident: number
}

async function usageOf(child: ChildProcess): Promise<Usage> {
  const answered = once(child, 'message')
  child.send('usage')
  const [usage] = (await answered) as [Usage]
  return usage
}
