import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

/**
 * Runs several selects that see the database as of one moment, whatever others write meanwhile, and without keeping
 * them from it. `read` must not write.
 */
export function consistentRead<T>(database: Database, read: (on: Kysely<Tables>) => Promise<T>): Promise<T> {
  if (database.dialect === 'mysql')
    return database.kysely.transaction().setIsolationLevel('repeatable read').execute(read)
  return database.kysely.connection().execute(async (on) => {
    // Unlike this project's transactions, which take the write lock at once.
    await sql`begin`.execute(on)
    try {
      return await read(on)
    } finally {
      await sql`rollback`.execute(on)
    }
  })
}
