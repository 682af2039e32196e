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

/** Outcomes written by one transaction at most. */
const mostTogether = 200

export function createMessageStore(database: Database, process: string, now: () => number): MessageStore {
  const portal = inSchema(database, 'falcon_portal')
  let claims = 0
  const gathered = gathering((attempts) => settleAll(database, attempts))
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

    settle: (attempt) => gathered(attempt),

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
 * Outcomes that come while others are being written are written together, in one transaction: a commit costs more than its
 * rows. When it fails all of them reject.
 */
function gathering(write: (attempts: readonly Attempt[]) => Promise<void>): (attempt: Attempt) => Promise<void> {
  let waiting: { attempt: Attempt; resolve: () => void; reject: (error: unknown) => void }[] = []
  let writing = false
  async function writeAll(): Promise<void> {
    writing = true
    while (waiting.length > 0) {
      const some = waiting.splice(0, mostTogether)
      try {
        await write(some.map(({ attempt }) => attempt))
        for (const { resolve } of some) resolve()
      } catch (error) {
        for (const { reject } of some) reject(error)
      }
    }
    writing = false
  }
  return (attempt) =>
    new Promise((resolve, reject) => {
      waiting.push({ attempt, resolve, reject })
      if (!writing) void writeAll()
    })
}

/**
 * An outcome is no news when it was written before and only the database's answer was lost, nor when the claim had run out and
 * another process has the message; but that a provider has it counts, whoever handed it over.
 */
async function settleAll(database: Database, attempts: readonly Attempt[]): Promise<void> {
  await database.kysely.transaction().execute(async (transaction) => {
    const on = inSchema({ kysely: transaction, dialect: database.dialect }, 'falcon_portal')
    const ids = attempts.map(({ message }) => message.id)
    let query = on.selectFrom('falcon_message').select(['id', 'claim', 'state']).where('id', 'in', ids)
    if (database.dialect === 'mysql') query = query.forUpdate()
    const rows = new Map((await query.execute()).map((row) => [row.id, row]))
    const news = attempts.filter(({ message, settled }) => {
      const row = rows.get(message.id)
      return row && (row.claim === message.claim || (settled.state === 'sent' && row.state !== 'sent'))
    })
    if (news.length === 0) return
    for (const [state, some] of byState(news)) await writeOutcomes(on, state, some)
    await on
      .insertInto('falcon_try')
      .values(
        news.map(({ message, started, finished, settled }) => ({
          message_id: message.id,
          started,
          took_ms: Math.max(0, finished - started),
          outcome: settled.state === 'due' ? 'retry' : settled.state,
          detail: settled.detail.slice(0, 500),
        })),
      )
      .execute()
    const messages = news.flatMap(({ follows }) => follows?.messages ?? [])
    const notices = news.flatMap(({ follows }) => follows?.notices ?? [])
    if (messages.length > 0) await on.insertInto('falcon_message').values(messages).execute()
    if (notices.length > 0) await on.insertInto('falcon_notice').values(notices).execute()
  })
}

function byState(attempts: readonly Attempt[]): [Settled['state'], Attempt[]][] {
  return (['sent', 'dead', 'due'] as const).map((state) => [
    state,
    attempts.filter(({ settled }) => settled.state === state),
  ])
}

async function writeOutcomes(on: Kysely<Tables>, state: Settled['state'], attempts: readonly Attempt[]): Promise<void> {
  if (attempts.length === 0) return
  const ids = attempts.map(({ message }) => message.id)
  const outcome = { state, claim: '', claimed: 0 }
  if (state === 'sent') {
    const finished = Math.max(...attempts.map((one) => one.finished))
    await on
      .updateTable('falcon_message')
      .set((make) => ({ ...outcome, tries: make('tries', '+', 1), failure: '', finished }))
      .where('id', 'in', ids)
      .execute()
  } else
    for (const { message, settled, finished } of attempts)
      await on
        .updateTable('falcon_message')
        .set({
          ...outcome,
          tries: message.tries + 1,
          failure: settled.detail.slice(0, 500),
          ...(settled.state === 'due' ? { due: finished + settled.pauseMs } : { finished }),
        })
        .where('id', '=', message.id)
        .execute()
  if (state !== 'due') await on.updateTable('falcon_notice').set({ state }).where('message_id', 'in', ids).execute()
}
