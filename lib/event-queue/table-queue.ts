import { sql } from 'kysely'
import { insertOrUpdate } from '#lib/sql'
import type { Database } from '#lib/sql'
import { pending } from './event-queue.ts'
import type { EventQueue, QueuedEvent } from './event-queue.ts'

type On = Database['kysely']

/** Rows a statement inserts at most, below SQLite's limit of bound values. */
const rowsPerInsert = 500

/** The queue as a table of the portal database: events and their producer's mark are written in one transaction. */
export function createTableQueue(database: Database, listOf: (priority: number) => string): EventQueue {
  const { kysely } = database

  async function marked(on: On, producer: string, lock: boolean): Promise<number> {
    let query = on.selectFrom('falcon_queue_producer').select('sequence').where('producer', '=', producer)
    if (lock && database.dialect === 'mysql') query = query.forUpdate()
    const row = await query.executeTakeFirst()
    return row?.sequence ?? 0
  }

  async function write(on: On, producer: string, events: readonly QueuedEvent[]): Promise<void> {
    // The row must be there before it can be locked.
    await insertOrUpdate(database.dialect, on, 'falcon_queue_producer', [{ producer, sequence: 0 }], {
      key: ['producer'],
      update: ['producer'],
    }).execute()
    const fresh = pending(events, await marked(on, producer, true))
    const last = fresh.at(-1)
    if (!last) return
    const created = Math.floor(Date.now() / 1000)
    const rows = fresh.map((event) => ({
      queue: listOf(event.priority),
      producer,
      sequence: event.sequence,
      event: event.json,
      created,
    }))
    for (let at = 0; at < rows.length; at += rowsPerInsert)
      await on
        .insertInto('falcon_event_queue')
        .values(rows.slice(at, at + rowsPerInsert))
        .execute()
    await on
      .updateTable('falcon_queue_producer')
      .set({ sequence: last.sequence })
      .where('producer', '=', producer)
      .execute()
  }

  return {
    async push(producer, events) {
      if (events.length === 0) return
      await kysely.transaction().execute((transaction) => write(transaction, producer, events))
    },
    lastSequence: (producer) => marked(kysely, producer, false),
    async length(priority) {
      const row = await kysely
        .selectFrom('falcon_event_queue')
        .select(sql<number>`count(*)`.as('waiting'))
        .where('queue', '=', listOf(priority))
        .executeTakeFirstOrThrow()
      return row.waiting
    },
    async peek(priority, count) {
      const rows = await kysely
        .selectFrom('falcon_event_queue')
        .select('event')
        .where('queue', '=', listOf(priority))
        .orderBy('id')
        .limit(count)
        .execute()
      return rows.map((row) => row.event)
    },
    // The database belongs to whoever opened it.
    close: async () => {},
  }
}
