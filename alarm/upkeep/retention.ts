import { inSchema } from '#lib/sql'
import type { Database } from '#lib/sql'
import { localTime } from '../events/local-time.ts'

/** How much is kept, read anew at each round. `days` of everything, deleted `batch` rows at a time. */
export interface Retention {
  readonly days: number
  readonly batch: number
}

/**
 * Deletes a batch of what is too old: Open-Falcon's `events`, and what alarm keeps beside them. Cases stay, as do messages that wait
 * to be delivered. Small statements, so that nobody waits for them.
 * @returns whether there may be more.
 */
export async function deleteOld(database: Database, { days, batch }: Retention, now: () => number): Promise<boolean> {
  const before = now() - days * 86_400_000
  const alarms = inSchema(database, 'alarms')
  const portal = inSchema(database, 'falcon_portal')
  // Ids first: one dialect deletes with a limit, the other does not.
  const steps = [
    async () => {
      const rows = await alarms
        .selectFrom('events')
        .select('id')
        .where('timestamp', '<', localTime(before / 1000))
        .orderBy('id')
        .limit(batch)
        .execute()
      const ids = rows.map((row) => row.id)
      if (ids.length > 0) await alarms.deleteFrom('events').where('id', 'in', ids).execute()
      return ids.length
    },
    () => byId('falcon_notice', 'created', ['waiting', 'queued']),
    () => byId('falcon_message', 'created', ['due']),
    () => byId('falcon_try', 'started'),
    () => byKey('falcon_alarm_event'),
    () => byKey('falcon_dead_event'),
  ]
  let more = false
  for (const step of steps) more = (await step()) === batch || more
  return more

  async function byId(
    table: 'falcon_notice' | 'falcon_message' | 'falcon_try',
    time: 'created' | 'started',
    kept: readonly string[] = [],
  ): Promise<number> {
    let query = portal
      .selectFrom(table as 'falcon_notice')
      .select('id')
      .where(time as 'created', '<', before)
    if (kept.length > 0) query = query.where('state', 'not in', kept)
    const ids = (await query.limit(batch).execute()).map((row) => row.id)
    if (ids.length > 0)
      await portal
        .deleteFrom(table as 'falcon_notice')
        .where('id', 'in', ids)
        .execute()
    return ids.length
  }

  async function byKey(table: 'falcon_alarm_event' | 'falcon_dead_event'): Promise<number> {
    const rows = await portal.selectFrom(table).select('event_key').where('taken', '<', before).limit(batch).execute()
    const keys = rows.map((row) => row.event_key)
    if (keys.length > 0) await portal.deleteFrom(table).where('event_key', 'in', keys).execute()
    return keys.length
  }
}
