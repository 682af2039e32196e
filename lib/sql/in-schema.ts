import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

/** The databases of an Open-Falcon deployment that hold tables we use. */
export type Schema = 'falcon_portal' | 'uic' | 'alarms'

/**
 * The tables of one of Open-Falcon's databases, whichever the DSN names: an old alarm's names `alarms`. The embedded file
 * holds all of them side by side. For a transaction, give it in the place of the database's `kysely`.
 */
export function inSchema({ kysely, dialect }: Pick<Database, 'kysely' | 'dialect'>, schema: Schema): Kysely<Tables> {
  return dialect === 'mysql' ? kysely.withSchema(schema) : kysely
}
