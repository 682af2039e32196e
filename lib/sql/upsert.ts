import type { Insertable, InsertQueryBuilder, InsertResult, Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

/**
 * Inserts rows; where one with the same `key` exists, its `update` columns take the new values.
 * The one statement whose words differ between the dialects. `key` must be a unique key of the table.
 */
export function insertOrUpdate<T extends keyof Tables>(
  dialect: Database['dialect'],
  on: Kysely<Tables>,
  table: T,
  rows: readonly Insertable<Tables[T]>[],
  columns: { readonly key: readonly string[]; readonly update: readonly string[] },
): InsertQueryBuilder<Tables, T, InsertResult> {
  const insert = on.insertInto(table).values(rows)
  const taken = (column: string) =>
    dialect === 'mysql' ? sql`values(${sql.ref(column)})` : sql.ref(`excluded.${column}`)
  const set = Object.fromEntries(columns.update.map((column) => [column, taken(column)])) as never
  if (dialect === 'mysql') return insert.onDuplicateKeyUpdate(set)
  return insert.onConflict((conflict) => conflict.columns(columns.key as never).doUpdateSet(set))
}
