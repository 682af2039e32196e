import { z } from 'zod'
import { inSchema } from '#lib/sql'
import type { Database } from '#lib/sql'
import { localTime } from '../events/local-time.ts'

export const acknowledgement = z.object({
  /** Of a row in `user`. */
  user: z.string().min(1).max(64),
  note: z.string().max(300).default(''),
})

export type Acknowledged = 'acknowledged' | 'no such case' | 'no such user' | 'not open'

/**
 * Somebody is on it: the case is `in progress`, which Open-Falcon's pages know too, and its repeated events tell nobody until
 * it closes. A note says who and what.
 */
export function acknowledge(
  database: Database,
  id: string,
  { user, note }: z.output<typeof acknowledgement>,
  now: () => number,
): Promise<Acknowledged> {
  return database.kysely.transaction().execute(async (kysely) => {
    const on = (schema: 'alarms' | 'uic' | 'falcon_portal') => inSchema({ kysely, dialect: database.dialect }, schema)
    const found = await on('alarms').selectFrom('event_cases').select('status').where('id', '=', id).executeTakeFirst()
    if (!found) return 'no such case'
    if (found.status !== 'PROBLEM') return 'not open'
    const person = await on('uic').selectFrom('user').select('id').where('name', '=', user).executeTakeFirst()
    if (!person) return 'no such user'
    await on('alarms')
      .updateTable('event_cases')
      .set({ process_status: 'in progress', user_modified: person.id })
      .where('id', '=', id)
      .execute()
    await on('falcon_portal')
      .updateTable('falcon_case')
      .set({ acknowledged: now(), acknowledged_by: user })
      .where('case_id', '=', id)
      .execute()
    await on('alarms')
      .insertInto('event_note')
      .values({
        event_caseId: id,
        note: note.replaceAll(/[\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}'),
        case_id: '',
        status: 'in progress',
        timestamp: localTime(now() / 1000),
        user_id: person.id,
      })
      .execute()
    return 'acknowledged'
  })
}
