import { inSchema } from '#lib/sql'
import type { Database, Tables } from '#lib/sql'
import type { Kysely, Selectable } from 'kysely'
import type { AlarmEvent } from '#protocol'
import { readEvent } from '../events/read-event.ts'
import type { NewMessage, NewNotice } from '../ledger/new-rows.ts'

export type MessageRow = Selectable<Tables['falcon_message']>

/** What became of an attempt. `pauseMs`: when it is tried again. */
export type Settled =
  | { readonly state: 'sent'; readonly detail: string }
  | { readonly state: 'dead'; readonly detail: string }
  | { readonly state: 'due'; readonly detail: string; readonly pauseMs: number }

export interface Attempt {
  readonly message: MessageRow
  readonly started: number
  readonly finished: number
  readonly settled: Settled
  /** Written with it: what follows from a callback. */
  readonly follows?: { readonly notices: readonly NewNotice[]; readonly messages: readonly NewMessage[] }
}

/** The messages of one process' channels: whose turn it is, and what came of it. */
export interface MessageStore {
  /**
   * Up to `count` messages of a channel whose time has come, oldest first, for this process alone until `forMs` have passed.
   * One whose process dies is free then.
   */
  claim(channel: string, count: number, forMs: number): Promise<MessageRow[]>
  /** Gives back unsent, to be tried from `due` on (unix milliseconds). It was no attempt. */
  postpone(message: MessageRow, due: number): Promise<void>
  settle(attempt: Attempt): Promise<void>
  eventsOf(message: MessageRow): Promise<AlarmEvent[]>
}

/** Of a merged message, read for a provider that wants the events themselves. */
const mostEvents = 500

export function createMessageStore(database: Database, process: string, now: () => number): MessageStore {
  const portal = inSchema(database, 'falcon_portal')
  let claims = 0
  return {
    async claim(channel, count, forMs) {
      const free = await portal
        .selectFrom('falcon_message')
        .select('id')
        .where('channel', '=', channel)
        .where('state', '=', 'due')
        .where('due', '<=', now())
        .where('claimed', '<', now())
        .orderBy('due')
        .orderBy('id')
        .limit(count)
        .execute()
      if (free.length === 0) return []
      const claim = `${process}/${++claims}`
      await portal
        .updateTable('falcon_message')
        .set({ claim, claimed: now() + forMs })
        .where(
          'id',
          'in',
          free.map((row) => row.id),
        )
        .where('state', '=', 'due')
        .where('claimed', '<', now())
        .execute()
      // Another process may have been faster with some of them.
      return portal.selectFrom('falcon_message').selectAll().where('claim', '=', claim).orderBy('id').execute()
    },

    async postpone({ id, claim }, due) {
      await portal
        .updateTable('falcon_message')
        .set({ due, claim: '', claimed: 0 })
        .where('id', '=', id)
        .where('claim', '=', claim)
        .execute()
    },

    settle: (attempt) =>
      database.kysely.transaction().execute(async (transaction) => {
        const { message, started, finished, settled, follows } = attempt
        const on = inSchema({ kysely: transaction, dialect: database.dialect }, 'falcon_portal')
        if (!(await settleMessage(on, attempt))) return
        await on
          .insertInto('falcon_try')
          .values({
            message_id: message.id,
            started,
            took_ms: Math.max(0, finished - started),
            outcome: settled.state === 'due' ? 'retry' : settled.state,
            detail: settled.detail.slice(0, 500),
          })
          .execute()
        if (settled.state !== 'due' && message.kind !== 'callback')
          await on
            .updateTable('falcon_notice')
            .set({ state: settled.state })
            .where('message_id', '=', message.id)
            .execute()
        if (follows && follows.messages.length > 0)
          await on
            .insertInto('falcon_message')
            .values([...follows.messages])
            .execute()
        if (follows && follows.notices.length > 0)
          await on
            .insertInto('falcon_notice')
            .values([...follows.notices])
            .execute()
      }),

    async eventsOf(message) {
      const keys = portal.selectFrom('falcon_notice').select('event_key').where('message_id', '=', message.id)
      const rows = await portal
        .selectFrom('falcon_alarm_event')
        .select('event')
        .where((where) => where.or([where('event_key', 'in', keys), where('event_key', '=', message.event_key)]))
        .orderBy('taken')
        .limit(mostEvents)
        .execute()
      return rows.flatMap((row) => {
        const read = readEvent(row.event)
        return read.ok ? [read.value] : []
      })
    },
  }
}

/**
 * Whether the outcome is news. It is none when it was written before and only the database's answer was lost, nor when the
 * claim had run out and another process has the message; but that a provider has it counts, whoever handed it over.
 */
async function settleMessage(on: Kysely<Tables>, { message, finished, settled }: Attempt): Promise<boolean> {
  const outcome = {
    state: settled.state,
    tries: message.tries + 1,
    claim: '',
    claimed: 0,
    failure: settled.state === 'sent' ? '' : settled.detail.slice(0, 500),
    finished: settled.state === 'due' ? 0 : finished,
    ...(settled.state === 'due' ? { due: finished + settled.pauseMs } : {}),
  }
  const update = on.updateTable('falcon_message').set(outcome).where('id', '=', message.id)
  const mine = await update.where('claim', '=', message.claim).executeTakeFirst()
  if (mine.numUpdatedRows > 0n) return true
  if (settled.state !== 'sent') return false
  const anyway = await update.where('state', '!=', 'sent').executeTakeFirst()
  return anyway.numUpdatedRows > 0n
}
