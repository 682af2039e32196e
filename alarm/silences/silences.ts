import { z } from 'zod'
import { inSchema } from '#lib/sql'
import type { Database } from '#lib/sql'
import type { AlarmEvent } from '#protocol'
import { createMatch, matchers } from './matchers.ts'

/** What an operator asks for: from now on, for so many minutes. */
export const newSilence = z.object({
  matchers,
  minutes: z
    .int()
    .min(1)
    .max(60 * 24 * 365),
  creator: z.string().min(1).max(64),
  reason: z.string().max(255).default(''),
})

/** Conditions under which nobody is told, each until it ends. Events are recorded all the same. */
export interface Silences {
  /** Whether an event is silenced, by those in force now. */
  current(): Promise<(event: AlarmEvent) => boolean>
  add(silence: z.output<typeof newSilence>): Promise<void>
  /** Those that have not ended, newest first. */
  list(): Promise<object[]>
  /** Ends one now; false when none is in force by this number. */
  end(id: number): Promise<boolean>
}

export function createSilences(database: Database, now: () => number): Silences {
  const portal = inSchema(database, 'falcon_portal')
  const rows = () =>
    portal.selectFrom('falcon_silence').selectAll().where('ends', '>', now()).orderBy('id', 'desc').execute()
  return {
    async current() {
      const tests = (await rows())
        .filter((row) => row.starts <= now())
        .map((row) => createMatch(matchers.parse(JSON.parse(row.matchers))))
      return (event) => tests.some((test) => test(event))
    },
    async add({ matchers: conditions, minutes, creator, reason }) {
      await portal
        .insertInto('falcon_silence')
        .values({
          matchers: JSON.stringify(conditions),
          starts: now(),
          ends: now() + minutes * 60_000,
          creator,
          reason,
          created: now(),
        })
        .execute()
    },
    async list() {
      return (await rows()).map((row) => ({ ...row, matchers: JSON.parse(row.matchers) as unknown }))
    },
    async end(id) {
      const ended = await portal
        .updateTable('falcon_silence')
        .set({ ends: now() })
        .where('id', '=', id)
        .where('ends', '>', now())
        .executeTakeFirst()
      return ended.numUpdatedRows > 0n
    },
  }
}
