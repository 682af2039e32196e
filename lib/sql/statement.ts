import { sql } from 'kysely'
import type { Database } from './database.ts'

/** What one statement gave, as text: NULL is `NULL`. `changed` counts rows that were written, and is absent for a query. */
export interface StatementResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly changed?: number
}

/** Runs a statement that an operator typed. It has the rights of the configured database user; nothing is added to it. */
export async function runStatement(database: Database, statement: string): Promise<StatementResult> {
  const result = await sql.raw<Record<string, unknown>>(statement).execute(database.kysely)
  const columns = Object.keys(result.rows[0] ?? {})
  return {
    columns,
    rows: result.rows.map((row) => columns.map((column) => textOf(row[column]))),
    ...(result.numAffectedRows === undefined ? {} : { changed: Number(result.numAffectedRows) }),
  }
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
