import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

/**
 * Runs several selects that see the database as of one moment, whatever others write meanwhile, and without keeping
 * them from it. `read` must not write.
 */
export function consistentRead<T>({ kysely }: Database, read: (on: Kysely<Tables>) => Promise<T>): Promise<T> {
  return kysely.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(read)
}
