import { randomBytes } from 'node:crypto'
import { inSchema } from '#lib/sql'
import type { Database, Tables } from '#lib/sql'
import type { Kysely } from 'kysely'
import type { AlarmEvent } from '#protocol'
import type { Channel } from '../channels.ts'
import { readEvent } from '../events/read-event.ts'
import { textsOf } from '../intake/plan.ts'
import { messageRow, newMessageId } from '../ledger/new-rows.ts'
import { linkedText, mergedLine, mergedMail } from './merged-text.ts'
import type { MergedText } from './merged-text.ts'

export interface MergeOptions {
  readonly database: Database
  readonly channel: (name: string) => Channel | undefined
  readonly dashboard: string
  readonly intervalMs: () => number
  readonly now: () => number
}

/** Groups looked at in one round. */
const groupsPerRound = 200

/** Notices that one message takes at most; what is more makes the next. */
const noticesPerMessage = 1000

/**
 * Makes messages of the groups of which a notice has waited long enough; each takes all that wait with it.
 * @returns the channels that have a new message, and whether there may be more to do.
 */
export async function mergeDue(options: MergeOptions): Promise<{ channels: Set<string>; more: boolean }> {
  const { database, now } = options
  const groups = await inSchema(database, 'falcon_portal')
    .selectFrom('falcon_notice')
    .select('merge_key')
    .distinct()
    .where('state', '=', 'waiting')
    .where('due', '<=', now())
    .limit(groupsPerRound)
    .execute()
  const channels = new Set<string>()
  for (const { merge_key } of groups) {
    const channel = await mergeGroup(merge_key, options)
    if (channel !== undefined) channels.add(channel)
  }
  return { channels, more: groups.length === groupsPerRound }
}

/** In one transaction; of several processes one finds the notices waiting, the others none. */
function mergeGroup(mergeKey: string, options: MergeOptions): Promise<string | undefined> {
  const { database, now } = options
  return database.kysely.transaction().execute(async (transaction) => {
    const portal = inSchema({ kysely: transaction, dialect: database.dialect }, 'falcon_portal')
    let query = portal
      .selectFrom('falcon_notice')
      .select(['id', 'channel', 'address', 'event_key'])
      .where('merge_key', '=', mergeKey)
      .where('state', '=', 'waiting')
      .orderBy('id')
      .limit(noticesPerMessage)
    if (database.dialect === 'mysql') query = query.forUpdate()
    const notices = await query.execute()
    const [first] = notices
    if (!first) return undefined
    const ids = notices.map((notice) => notice.id)
    const free = await freeAt(portal, mergeKey, options)
    if (free > now()) {
      await portal.updateTable('falcon_notice').set({ due: free }).where('id', 'in', ids).execute()
      return undefined
    }
    const channel = options.channel(first.channel)
    const events = await eventsOf(
      portal,
      notices.map((notice) => notice.event_key),
    )
    if (!channel || events.length === 0) {
      // The channel left the configuration, or retention was shorter than the wait.
      await portal.updateTable('falcon_notice').set({ state: 'dead' }).where('id', 'in', ids).execute()
      return undefined
    }
    const text = await textFor(channel, events, portal, options)
    const id = newMessageId(now())
    const receivers = first.address === '' ? [] : [first.address]
    await portal
      .insertInto('falcon_message')
      .values(messageRow({ id, kind: 'event', channel: channel.name, receivers, ...text, mergeKey, now: now() }))
      .execute()
    await portal.updateTable('falcon_notice').set({ state: 'queued', message_id: id }).where('id', 'in', ids).execute()
    return channel.name
  })
}

/** When the group may have its next message. */
async function freeAt(portal: Kysely<Tables>, mergeKey: string, { intervalMs }: MergeOptions): Promise<number> {
  if (intervalMs() === 0) return 0
  const last = await portal
    .selectFrom('falcon_message')
    .select('created')
    .where('merge_key', '=', mergeKey)
    .orderBy('created', 'desc')
    .limit(1)
    .executeTakeFirst()
  return last ? last.created + intervalMs() : 0
}

async function eventsOf(portal: Kysely<Tables>, keys: readonly string[]): Promise<AlarmEvent[]> {
  const rows = await portal
    .selectFrom('falcon_alarm_event')
    .select(['event_key', 'event'])
    .where('event_key', 'in', keys)
    .execute()
  const texts = new Map(rows.map((row) => [row.event_key, row.event]))
  return keys.flatMap((key) => {
    const read = readEvent(texts.get(key) ?? '')
    return read.ok ? [read.value] : []
  })
}

async function textFor(
  channel: Channel,
  events: readonly AlarmEvent[],
  portal: Kysely<Tables>,
  { dashboard }: MergeOptions,
): Promise<MergedText> {
  const [only] = events
  if (events.length === 1 && only) return textsOf(channel, only, { dashboard })
  if (channel.text === 'mail') return mergedMail(events, dashboard)
  // As wide as the column; nobody guesses it.
  const path = randomBytes(8).toString('hex')
  await portal
    .insertInto('alert_link')
    .values({ path, content: storable(linkedText(events)) })
    .execute()
  return mergedLine(events, dashboard, path)
}

/** Open-Falcon's columns take no character beyond U+FFFF. */
function storable(text: string): string {
  return text.replaceAll(/[\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
}
