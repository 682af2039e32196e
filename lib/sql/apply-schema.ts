import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '#lib/module'
import type { Database } from './database.ts'

/**
 * Makes the tables that are missing, from `schema/<dialect>/*.sql` in the order of the file names. What exists stays as
 * it is, so this may run at every start and on an old deployment. The MySQL user needs the right to create databases.
 * @returns the names of the files.
 */
export async function applySchema(database: Database): Promise<string[]> {
  const folder = join(projectRoot, 'schema', database.dialect)
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
  for (const file of files) await database.runScript(splitStatements(readFileSync(join(folder, file), 'utf8')))
  return files
}

/** A statement of our schema files ends with a semicolon that an empty line or the end of the file follows. */
export function splitStatements(text: string): string[] {
  return text
    .split(/(?<=;)[ \t]*\r?\n[ \t]*\r?\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}
