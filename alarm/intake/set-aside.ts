import { createHash } from 'node:crypto'
import type { TakenEvent } from '#lib/event-queue'
import { DatabaseError, inSchema, insertOrUpdate } from '#lib/sql'
import type { Recorded, RecordOptions } from './record.ts'
import { record } from './record.ts'

/** Codes that say the row itself is at fault: the same row will be refused for ever. */
const refusals =
  /^(?:SQLITE_CONSTRAINT|SQLITE_MISMATCH|SQLITE_TOOBIG|ER_DATA_TOO_LONG|ER_TRUNCATED_WRONG_VALUE|ER_WARN_DATA_OUT_OF_RANGE|ER_BAD_NULL_ERROR|ER_NO_REFERENCED_ROW|ER_NET_PACKET_TOO_LARGE)/

const isRefusal = (error: unknown) => error instanceof DatabaseError && refusals.test(error.code)

/** As `record`; an event that the tables themselves refuse is set aside, so that the others go on. */
export async function recordOrSetAside(found: readonly TakenEvent[], options: RecordOptions): Promise<Recorded> {
  try {
    return await record(found, options)
  } catch (error) {
    if (!isRefusal(error)) throw error
    if (found.length === 1) return setAside(found, error as Error, options)
  }
  // One by one, to find which.
  const all: Recorded[] = []
  for (const one of found) all.push(await recordOrSetAside([one], options))
  return sumOf(all)
}

async function setAside(
  found: readonly TakenEvent[],
  error: Error,
  { database, now }: RecordOptions,
): Promise<Recorded> {
  const rows = found.map(({ queue, text }) => ({
    event_key: createHash('md5').update(text).digest('hex'),
    queue,
    event: text,
    reason: error.message.slice(0, 255),
    taken: now(),
  }))
  const columns = { key: ['event_key'], update: ['event_key'] }
  await insertOrUpdate(
    database.dialect,
    inSchema(database, 'falcon_portal'),
    'falcon_dead_event',
    rows,
    columns,
  ).execute()
  return { recorded: 0, repeated: 0, malformed: new Map([['refused', found.length]]), plans: [] }
}

function sumOf(all: readonly Recorded[]): Recorded {
  const malformed = new Map<string, number>()
  for (const one of all)
    for (const [reason, some] of one.malformed) malformed.set(reason, (malformed.get(reason) ?? 0) + some)
  return {
    recorded: all.reduce((sum, one) => sum + one.recorded, 0),
    repeated: all.reduce((sum, one) => sum + one.repeated, 0),
    malformed,
    plans: all.flatMap((one) => one.plans),
  }
}
