import { sql } from 'kysely'
import { inSchema, insertOrUpdate } from '#lib/sql'
import type { Database } from '#lib/sql'
import type { EventConsumer, TakenEvent } from './event-consumer.ts'

interface Consumer {
  readonly queues: readonly string[]
  readonly name: string
  readonly leaseMs: number
}

/** The queue as a table. Who has taken a row stands in a table beside it, until a time that each call moves on. */
export function createTableConsumer(database: Database, consumer: Consumer): EventConsumer {
  const { queues, name, leaseMs } = consumer
  const portal = inSchema(database, 'falcon_portal')

  function held(count: number): Promise<TakenEvent[]> {
    return portal
      .selectFrom('falcon_event_queue as q')
      .innerJoin('falcon_event_taken as t', 't.event', 'q.id')
      .select(['q.id', 'q.queue', 'q.event'])
      .where('t.consumer', '=', name)
      .orderBy('q.id')
      .limit(count)
      .execute()
      .then((rows) => rows.map((row) => ({ queue: row.queue, text: row.event, token: String(row.id) })))
      .then((taken) => taken.toSorted((a, b) => queues.indexOf(a.queue) - queues.indexOf(b.queue)))
  }

  /** Rows that nobody has taken; another may take some of them at the same moment. */
  async function free(count: number): Promise<number[]> {
    const ids: number[] = []
    for (const queue of queues) {
      if (ids.length >= count) break
      const rows = await portal
        .selectFrom('falcon_event_queue as q')
        .leftJoin('falcon_event_taken as t', 't.event', 'q.id')
        .select('q.id')
        .where('q.queue', '=', queue)
        .where('t.event', 'is', null)
        .orderBy('q.id')
        .limit(count - ids.length)
        .execute()
      ids.push(...rows.map((row) => row.id))
    }
    return ids
  }

  return {
    async take(count) {
      const now = Date.now()
      const mine = await held(count)
      if (mine.length > 0) return mine
      await portal.deleteFrom('falcon_event_taken').where('held_until', '<', now).execute()
      const ids = await free(count)
      if (ids.length === 0) return []
      const rows = ids.map((event) => ({ event, consumer: name, held_until: now + leaseMs }))
      // Where another was faster the row stays his.
      const columns = { key: ['event'], update: ['event'] }
      await insertOrUpdate(database.dialect, portal, 'falcon_event_taken', rows, columns).execute()
      return held(count)
    },
    async finish(events) {
      const ids = events.map((event) => Number(event.token))
      if (ids.length === 0) return
      await database.kysely.transaction().execute(async (transaction) => {
        const on = inSchema({ kysely: transaction, dialect: database.dialect }, 'falcon_portal')
        await on.deleteFrom('falcon_event_queue').where('id', 'in', ids).execute()
        await on.deleteFrom('falcon_event_taken').where('event', 'in', ids).execute()
      })
    },
    async waiting() {
      const rows = await portal
        .selectFrom('falcon_event_queue as q')
        .leftJoin('falcon_event_taken as t', 't.event', 'q.id')
        .select(['q.queue', sql<number>`count(*)`.as('events')])
        .where('q.queue', 'in', [...queues])
        .where('t.event', 'is', null)
        .groupBy('q.queue')
        .execute()
      return new Map([
        ...queues.map((queue) => [queue, 0] as const),
        ...rows.map((row) => [row.queue, row.events] as const),
      ])
    },
    async close() {
      await portal.deleteFrom('falcon_event_taken').where('consumer', '=', name).execute()
    },
  }
}
