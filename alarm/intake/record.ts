import { createHash, randomUUID } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import type { TakenEvent } from '#lib/event-queue'
import { inSchema, insertOrUpdate } from '#lib/sql'
import type { Database, Tables } from '#lib/sql'
import type { AlarmEvent } from '#protocol'
import { localTime } from '../events/local-time.ts'
import { readEvent } from '../events/read-event.ts'
import { eventKey } from '../events/rule-of.ts'
import { caseAfter, conditionOf } from './case-row.ts'
import type { CaseRow } from './case-row.ts'
import { storyAfter } from './case-story.ts'
import type { StoryRow } from './case-story.ts'
import type { Plan } from './plan.ts'

/** An event in the order in which it is recorded, with what its case had been. */
export interface Recording {
  readonly event: AlarmEvent
  readonly queue: string
  readonly case: CaseRow
  readonly story: StoryRow
}

export interface RecordOptions {
  readonly database: Database
  /** Who is told of an event. Called inside the transaction, so it must not wait for anything. */
  readonly plan: (recording: Recording) => Plan
  readonly now: () => number
}

/** What became of a batch. `malformed` by reason. */
export interface Recorded {
  readonly recorded: number
  readonly repeated: number
  readonly malformed: ReadonlyMap<string, number>
  readonly plans: readonly Plan[]
}

/** Below what a statement of SQLite may bind, with twenty columns. */
const rowsPerStatement = 400

/**
 * Writes a batch in one transaction: the key by which each event is known again, its case, its row in `events`, and who is
 * told. Of an event that was recorded before nothing is written. When it rejects, nothing of the batch was written, or all
 * of it and the answer was lost: either way the batch may be recorded again.
 */
export async function record(found: readonly TakenEvent[], options: RecordOptions): Promise<Recorded> {
  const { database, now } = options
  const events = new Map<string, { event: AlarmEvent; found: TakenEvent }>()
  const dead = new Map<string, { found: TakenEvent; reason: string }>()
  const malformed = new Map<string, number>()
  let repeated = 0
  for (const one of found) {
    const read = readEvent(one.text)
    if (!read.ok) {
      dead.set(createHash('md5').update(one.text).digest('hex'), { found: one, reason: read.reason })
      malformed.set(read.reason, (malformed.get(read.reason) ?? 0) + 1)
      continue
    }
    const key = eventKey(read.value)
    if (events.has(key)) repeated++
    else events.set(key, { event: read.value, found: one })
  }

  const plans = await database.kysely.transaction().execute(async (transaction) => {
    const write = createWriter(database.dialect, transaction)
    await write.dead(
      [...dead].map(([key, { found: one, reason }]) => ({ key, queue: one.queue, text: one.text, reason })),
      now(),
    )
    const fresh = await write.keys(
      [...events].map(([key, { event, found: one }]) => ({ key, event, queue: one.queue, text: one.text })),
      now(),
    )
    repeated += events.size - fresh.size
    const inOrder = [...events].flatMap(([key, one]) => (fresh.has(key) ? [{ key, ...one }] : []))
    return write.all(inOrder, options)
  })
  return { recorded: plans.length, repeated, malformed, plans }
}

function createWriter(dialect: Database['dialect'], transaction: Transaction<Tables>) {
  const on = (schema: 'falcon_portal' | 'alarms') => inSchema({ kysely: transaction, dialect }, schema)
  const portal = on('falcon_portal')
  const alarms = on('alarms')

  return {
    async dead(
      rows: readonly { key: string; queue: string; text: string; reason: string }[],
      taken: number,
    ): Promise<void> {
      await upsert(
        portal,
        'falcon_dead_event',
        rows.map(({ key, queue, text, reason }) => ({ event_key: key, queue, event: text, reason, taken })),
        { key: ['event_key'], update: ['event_key'] },
      )
    },

    /** Claims the keys; answers those that were new. Another process that holds one of them is waited for. */
    async keys(
      rows: readonly { key: string; event: AlarmEvent; queue: string; text: string }[],
      taken: number,
    ): Promise<ReadonlySet<string>> {
      if (rows.length === 0) return new Set()
      const batch = randomUUID()
      const values = rows.map(({ key, event, queue, text }) => ({
        event_key: key,
        case_id: event.id,
        batch,
        queue,
        event: text,
        lasted: 0,
        worst: event.leftValue,
        taken,
      }))
      await upsert(portal, 'falcon_alarm_event', values, { key: ['event_key'], update: ['event_key'] })
      const mine = await portal
        .selectFrom('falcon_alarm_event')
        .select('event_key')
        .where('batch', '=', batch)
        .execute()
      return new Set(mine.map((row) => row.event_key))
    },

    async all(
      events: readonly { key: string; event: AlarmEvent; found: TakenEvent }[],
      { plan }: RecordOptions,
    ): Promise<Plan[]> {
      if (events.length === 0) return []
      const ids = [...new Set(events.map(({ event }) => event.id))]
      const cases = new Map(
        (await locked(alarms.selectFrom('event_cases').selectAll().where('id', 'in', ids))).map((row) => [row.id, row]),
      )
      const stories = new Map(
        (await locked(portal.selectFrom('falcon_case').selectAll().where('case_id', 'in', ids))).map((row) => [
          row.case_id,
          row,
        ]),
      )
      const plans: Plan[] = []
      const ended: { key: string; lasted: number; worst: number }[] = []
      for (const { key, event, found } of events) {
        const row = caseAfter(cases.get(event.id), event)
        const story = storyAfter(stories.get(event.id), event)
        cases.set(event.id, row)
        stories.set(event.id, story.row)
        if (story.lasted > 0) ended.push({ key, lasted: story.lasted, worst: story.worst })
        plans.push(plan({ event, queue: found.queue, case: row, story: story.row }))
      }
      const told = [...cases.values()]
      await upsert(alarms, 'event_cases', told, {
        key: ['id'],
        update: Object.keys(told[0] ?? {}).filter((name) => name !== 'id'),
      })
      await insert(
        alarms,
        'events',
        events.map(({ event }) => ({
          event_caseId: event.id,
          step: event.currentStep,
          cond: conditionOf(event),
          status: event.status === 'OK' ? 1 : 0,
          timestamp: localTime(event.eventTime),
        })),
      )
      const storyRows = [...stories.values()]
      await upsert(portal, 'falcon_case', storyRows, {
        key: ['case_id'],
        update: Object.keys(storyRows[0] ?? {}).filter((name) => name !== 'case_id'),
      })
      for (const { key, lasted, worst } of ended)
        await portal.updateTable('falcon_alarm_event').set({ lasted, worst }).where('event_key', '=', key).execute()
      await insert(
        portal,
        'falcon_message',
        plans.flatMap((one) => one.messages),
      )
      await insert(
        portal,
        'falcon_notice',
        plans.flatMap((one) => one.notices),
      )
      return plans
    },
  }

  /** Until the end of the transaction no other process changes these rows. SQLite lets no one else write anyway. */
  function locked<Row>(query: {
    forUpdate(): { execute(): Promise<Row[]> }
    execute(): Promise<Row[]>
  }): Promise<Row[]> {
    return dialect === 'mysql' ? query.forUpdate().execute() : query.execute()
  }

  async function insert<T extends 'events' | 'falcon_message' | 'falcon_notice'>(
    kysely: Kysely<Tables>,
    table: T,
    rows: readonly object[],
  ): Promise<void> {
    for (let at = 0; at < rows.length; at += rowsPerStatement)
      await kysely
        .insertInto(table)
        .values(rows.slice(at, at + rowsPerStatement) as never)
        .execute()
  }

  async function upsert<T extends keyof Tables>(
    kysely: Kysely<Tables>,
    table: T,
    rows: readonly object[],
    columns: { key: string[]; update: string[] },
  ): Promise<void> {
    for (let at = 0; at < rows.length; at += rowsPerStatement)
      await insertOrUpdate(dialect, kysely, table, rows.slice(at, at + rowsPerStatement) as never, columns).execute()
  }
}
