import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fillPortal, jsonOf, people, quiet, startSink } from '../../alarm/alarm-stand.contract.ts'
import type { EventPlan } from '../../alarm/alarm-stand.contract.ts'
import { openEventQueue } from '#lib/event-queue'
import { inSchema } from '#lib/sql'
import { freePorts, startModule, until } from '../drivers/process.ts'
import { openPortalStore, startRedis } from '../services/index.ts'
import type { PortalStore, PrivateRedis } from '../services/index.ts'

let mysql: PortalStore
let sqlite: PortalStore
let redis: PrivateRedis
beforeAll(async () => {
  ;[mysql, sqlite, redis] = await Promise.all([openPortalStore('mysql'), openPortalStore('sqlite'), startRedis()])
})
afterAll(() => Promise.all([mysql.remove(), sqlite.remove(), redis.remove()]))

const hosts = 25
const workers = 4
const changes = 6
const start = 1_795_186_080

/** Every host fails and recovers, again and again: one event a state change. */
function stateChanges(): EventPlan[] {
  return Array.from({ length: hosts * changes }, (_, i) => {
    const [host, turn] = [i % hosts, Math.floor(i / hosts)]
    const time = start + 60 * turn
    return {
      endpoint: `h${host}`,
      time,
      status: turn % 2 === 0 ? ('PROBLEM' as const) : ('OK' as const),
      priority: host % 3,
    }
  })
}

/** The name by which the ledger and the sink both know a state change. */
const changeOf = ({ endpoint, time, status }: EventPlan) => `${endpoint} ${time} ${status}`

async function persistently(act: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await act()
    } catch {
      await sleep(20)
    }
  }
}

test.each([
  { place: 'redis and mariadb', processes: 2 },
  { place: 'one sqlite file', processes: 1 },
])(
  'each person is told of each state change once, whatever is killed: $place, $processes alarm',
  async ({ place, processes }) => {
    const embedded = place === 'one sqlite file'
    const store = embedded ? sqlite : mysql
    await fillPortal(store.database, [{ id: 1, uic: 'ops' }])
    let answered = 0
    // Some answers say no: those are asked again.
    const accepted: string[] = []
    const sink = await startSink(({ path, headers }) => {
      if (++answered % 17 === 0) return { status: 503 }
      if (path === '/hook') accepted.push(String(headers['x-falcon-message']))
      return {}
    })
    const folder = mkdtempSync(join(tmpdir(), 'falcon-kills-'))
    const ports = await freePorts(processes)
    const alarms = await Promise.all(
      ports.map((port, i) =>
        startModule({
          name: 'alarm',
          folder: join(folder, String(i)),
          httpPort: port,
          config: {
            dir: join(folder, String(i), 'var'),
            database: store.dsn,
            redis: { addr: embedded ? '' : redis.dsn },
            http: { listen: `127.0.0.1:${port}` },
            api: { mail: sink.url('/mail'), dashboard: 'http://d' },
            channels: { hook: { type: 'webhook', url: sink.url('/hook'), timeoutMs: 1000, workers } },
            delivery: { firstPauseMs: 50, pollMs: 100 },
            intake: { batch: 10, leaseSeconds: 1 },
          },
        }),
      ),
    )
    const queue = openEventQueue({
      ...(embedded ? { database: store.database } : { redis: { dsn: redis.dsn } }),
      queuePattern: 'event:p%v',
      log: quiet,
    })

    const plans = stateChanges()
    let pushed = 0
    const pushing = (async () => {
      for (const plan of plans) {
        const event = { sequence: pushed + 1, priority: plan.priority ?? 0, json: jsonOf(plan) }
        await persistently(() => queue.push('judge', [event]))
        pushed++
        await sleep(15)
      }
    })()

    let kills = 0
    for (let turn = 0; pushed < plans.length; turn++) {
      await sleep(100 + Math.random() * 400)
      const victim = alarms[turn % alarms.length]
      const strikes = [
        async () => {
          kills++
          await victim?.kill()
          await victim?.restart()
        },
        async () => {
          if (embedded) return
          await redis.kill()
          await redis.start()
        },
        async () => {
          await store.server?.kill()
          await sleep(200)
          await store.server?.start()
        },
      ]
      await strikes[turn % strikes.length]?.()
    }
    await pushing
    expect(kills).toBeGreaterThan(0)

    // Two people and two channels a change, in the ledger and at the sink.
    const portal = inSchema(store.database, 'falcon_portal')
    const notices = () =>
      portal
        .selectFrom('falcon_notice')
        .select(['person', 'channel', 'endpoint', 'event_time', 'status', 'state'])
        .execute()
    const told = await until(
      'every notice to be sent',
      () => notices().catch(() => []),
      (rows) => rows.length >= plans.length * 4 && rows.every((row) => row.state === 'sent'),
      90_000,
    )
    const wanted = plans.flatMap((plan) =>
      people.user.flatMap(({ name }) => ['mail', 'hook'].map((channel) => `${changeOf(plan)} ${name} ${channel}`)),
    )
    const found = told.map(
      ({ endpoint, event_time: time, status, person, channel }) =>
        `${changeOf({ endpoint, time, status: status as 'OK' })} ${person} ${channel}`,
    )
    expect(found.toSorted()).toEqual(wanted.toSorted())

    const events = await inSchema(store.database, 'alarms').selectFrom('events').select('event_caseId').execute()
    expect(events).toHaveLength(plans.length)
    const cases = await inSchema(store.database, 'alarms')
      .selectFrom('event_cases')
      .select(['endpoint', 'status'])
      .execute()
    expect(cases).toHaveLength(hosts)
    expect(cases.every((row) => row.status === 'OK')).toBe(true)

    // The sink may have had a message twice when alarm died between its answer and the record; its id tells.
    const hooked = sink.received.filter(({ path }) => path === '/hook')
    const byId = new Map(hooked.map(({ headers, body }) => [headers['x-falcon-message'], body]))
    expect(byId.size).toBe(plans.length)
    expect(new Set(accepted).size).toBe(plans.length)
    expect(accepted.length - plans.length).toBeLessThanOrEqual(kills * workers)
    const mails = new Map<string, number>()
    for (const { body } of sink.received.filter(({ path }) => path === '/mail'))
      mails.set(body, (mails.get(body) ?? 0) + 1)
    expect(mails.size).toBe(plans.length)

    for (const alarm of alarms) expect(await alarm.stop()).toBe(0)
    await queue.close()
    rmSync(folder, { recursive: true, force: true })
  },
  300_000,
)
