import { setTimeout as sleep } from 'node:timers/promises'
import { applySchema, openDatabase, runStatement } from '#lib/sql'
import { asObject, expectedEvents, queuedEvents } from '../drivers/alarms.ts'
import type { SentItem } from '../drivers/falcon-client.ts'
import type { Fleet } from '../drivers/fleet.ts'
import { until } from '../drivers/process.ts'
import { counterOf } from './fault.ts'
import { rpcEntrance } from './load.ts'

const hosts = 40
const threshold = 10

/**
 * Makes the portal tables with one expression that judges the metric of this stream. Settles when judge has it: a judge
 * that knows of no rule yet passes the points over, as it should.
 */
export async function prepareRules({ judge }: Fleet, dsn: string): Promise<void> {
  const database = openDatabase(dsn)
  try {
    await applySchema(database)
    await runStatement(database, `INSERT INTO action (id, uic) VALUES (7, 'ops')`)
    await runStatement(
      database,
      `INSERT INTO expression (id, expression, func, op, right_value, max_step, priority, note, action_id, create_user, pause)
       VALUES (21, 'each(metric=stream.value kind=judged)', 'all(#2)', '>', '${threshold}', 1, 2, 'stream too high', 7, 'root', 0)`,
    )
  } finally {
    await database.close()
  }
  await until(
    'judge to have the rule',
    () => judge?.get('/expression/stream.value/kind=judged'),
    (answer) => JSON.stringify(answer)?.includes('stream too high') ?? false,
    120_000,
  )
}

/** A square wave a second on each of some hosts, and the events that must come of it. */
export interface JudgedStream {
  stop(): Promise<void>
  /** Settles with how many events were due and which were not as they must be. */
  compare(): Promise<{ readonly due: number; readonly complaints: string[] }>
}

export function startJudgedStream(fleet: Fleet, dsn: string): JudgedStream {
  const way = rpcEntrance(fleet.ports.transferRpc)
  const acknowledged: SentItem[] = []
  const begin = Math.floor(Date.now() / 1000)
  const state = { stopping: false }

  async function run(): Promise<void> {
    for (let tick = 0; !state.stopping; tick++) {
      const items = Array.from({ length: hosts }, (_, i) => ({
        endpoint: `judged-${i}`,
        metric: 'stream.value',
        value: Math.floor(tick / (4 + (i % 9))) % 2 === 0 ? 1 : 99,
        step: 1,
        counterType: 'GAUGE',
        tags: 'kind=judged',
        timestamp: begin + tick,
      }))
      for (;;) {
        const done = await way.deliver(items).then(
          () => true,
          () => false,
        )
        if (done) break
        await sleep(50)
      }
      acknowledged.push(...items)
      await sleep(Math.max(0, (begin + tick + 1) * 1000 - Date.now()))
    }
    way.close()
  }
  const running = run()

  async function found(): Promise<Record<string, string[]>> {
    const database = openDatabase(dsn)
    try {
      const { rows } = await runStatement(database, 'SELECT event FROM falcon_event_queue ORDER BY id')
      return asObject(queuedEvents(rows.map((row) => row[0] ?? '')))
    } finally {
      await database.close()
    }
  }

  return {
    async stop() {
      state.stopping = true
      await running
    },
    async compare() {
      const expected: Record<string, string[]> = asObject(expectedEvents(acknowledged, threshold))
      const { judge } = fleet
      if (!judge) throw new Error('Cannot compare events: judge does not run')
      // A queue that was busy is tried again after a while, so it is judge that knows when all are told.
      const waiting = () => counterOf(judge, 'events.waiting')
      await until('judge to tell all events', waiting, (count) => count === 0, 120_000)
      const events = await found()
      const complaints = Object.keys({ ...expected, ...events }).flatMap((host) => {
        const [due, told] = [expected[host] ?? [], events[host] ?? []].map((lines) => lines.join(', '))
        return due === told ? [] : [`events of ${host}: due ${due}; told ${told}`]
      })
      return { due: Object.values(expected).flat().length, complaints }
    },
  }
}
