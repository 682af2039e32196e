import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import { inSchema } from '#lib/sql'
import type { Database, Tables } from '#lib/sql'

export interface NoticeFilter {
  readonly case?: string | undefined
  readonly person?: string | undefined
  readonly channel?: string | undefined
  readonly state?: string | undefined
  readonly endpoint?: string | undefined
  /** Unix milliseconds; notices planned since, and before. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly limit: number
}

/** A notice with the message that told it, as far as there is one. */
export type ShownNotice = Selectable<Tables['falcon_notice']> & {
  readonly tries: number | null
  readonly failure: string | null
  readonly finished: number | null
}

/** What the delivery ledger answers. */
export interface LedgerQueries {
  /** Newest first. */
  notices(filter: NoticeFilter): Promise<ShownNotice[]>
  /** A message with its attempts and notices; undefined when it is not kept. */
  message(id: string): Promise<object | undefined>
  /** Messages of a state, oldest first. */
  messages(filter: { state: string; channel?: string | undefined; limit: number }): Promise<object[]>
  /** Has dead messages tried again from the start; all of a channel, or all, or one. Answers their channels. */
  resend(which: { id?: string | undefined; channel?: string | undefined }): Promise<string[]>
  /** What was set aside as no event, newest first. */
  deadEvents(limit: number): Promise<object[]>
  /** Messages and notices by state. */
  states(): Promise<Record<string, Record<string, number>>>
  /** What is behind a short link of a merged message. */
  link(path: string): Promise<string | undefined>
}

export function createLedgerQueries(database: Database, now: () => number): LedgerQueries {
  const portal = inSchema(database, 'falcon_portal')
  return {
    notices(filter) {
      let query = portal
        .selectFrom('falcon_notice as n')
        .leftJoin('falcon_message as m', 'm.id', 'n.message_id')
        .selectAll('n')
        .select(['m.tries', 'm.failure', 'm.finished'])
      if (filter.case !== undefined) query = query.where('n.case_id', '=', filter.case)
      if (filter.person !== undefined) query = query.where('n.person', '=', filter.person)
      if (filter.channel !== undefined) query = query.where('n.channel', '=', filter.channel)
      if (filter.state !== undefined) query = query.where('n.state', '=', filter.state)
      if (filter.endpoint !== undefined) query = query.where('n.endpoint', '=', filter.endpoint)
      if (filter.since !== undefined) query = query.where('n.created', '>=', filter.since)
      if (filter.until !== undefined) query = query.where('n.created', '<', filter.until)
      return query.orderBy('n.id', 'desc').limit(filter.limit).execute()
    },

    async message(id) {
      const message = await portal.selectFrom('falcon_message').selectAll().where('id', '=', id).executeTakeFirst()
      if (!message) return undefined
      const tries = await portal
        .selectFrom('falcon_try')
        .selectAll()
        .where('message_id', '=', id)
        .orderBy('id')
        .execute()
      const notices = await portal
        .selectFrom('falcon_notice')
        .select(['id', 'kind', 'event_key', 'person', 'address', 'state'])
        .where('message_id', '=', id)
        .orderBy('id')
        .execute()
      return { ...message, receivers: JSON.parse(message.receivers) as string[], attempts: tries, notices }
    },

    messages({ state, channel, limit }) {
      let query = portal.selectFrom('falcon_message').selectAll().where('state', '=', state)
      if (channel !== undefined) query = query.where('channel', '=', channel)
      return query.orderBy('created').limit(limit).execute()
    },

    async resend({ id, channel }) {
      return database.kysely.transaction().execute(async (transaction) => {
        const on = inSchema({ kysely: transaction, dialect: database.dialect }, 'falcon_portal')
        let query = on.selectFrom('falcon_message').select(['id', 'channel']).where('state', '=', 'dead')
        if (id !== undefined) query = query.where('id', '=', id)
        if (channel !== undefined) query = query.where('channel', '=', channel)
        const dead = await query.limit(1000).execute()
        const ids = dead.map((row) => row.id)
        if (ids.length === 0) return []
        const again = { state: 'due', due: now(), tries: 0, finished: 0, claim: '', claimed: 0 }
        await on.updateTable('falcon_message').set(again).where('id', 'in', ids).where('state', '=', 'dead').execute()
        await on.updateTable('falcon_notice').set({ state: 'queued' }).where('message_id', 'in', ids).execute()
        return dead.map((row) => row.channel)
      })
    },

    deadEvents: (limit) =>
      portal.selectFrom('falcon_dead_event').selectAll().orderBy('taken', 'desc').limit(limit).execute(),

    async states() {
      const count = async (table: 'falcon_message' | 'falcon_notice') => {
        const rows = await portal
          .selectFrom(table)
          .select(['state', sql<number>`count(*)`.as('rows')])
          .groupBy('state')
          .execute()
        return Object.fromEntries(rows.map((row) => [row.state, row.rows]))
      }
      return { messages: await count('falcon_message'), notices: await count('falcon_notice') }
    },

    async link(path) {
      const row = await portal.selectFrom('alert_link').select('content').where('path', '=', path).executeTakeFirst()
      return row?.content
    },
  }
}
