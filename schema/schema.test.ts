import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { projectRoot } from '#lib/module'
import { applySchema, openDatabase } from '#lib/sql'
import type { Database } from '#lib/sql'
import { startMariadb } from '../test/services/index.ts'
import type { Mariadb } from '../test/services/index.ts'

const databases = ['alarms', 'dashboard', 'falcon_portal', 'graph', 'uic']
const named = databases.map((name) => `'${name}'`).join(',')

let mariadb: Mariadb
let portal: Database
beforeAll(async () => {
  mariadb = await startMariadb()
  portal = openDatabase(mariadb.dsn('falcon_portal'))
}, 120_000)
afterAll(async () => {
  await portal.close()
  await mariadb.remove()
})

/** Columns, keys, options and rows of every table that is not ours, as text. */
async function everythingOfTheirs(): Promise<string> {
  const theirs = `table_schema IN (${named}) AND table_name NOT LIKE 'falcon\\_%'`
  const parts = [
    await mariadb.query(`SELECT table_schema, table_name, engine, row_format, table_collation, auto_increment, create_time
      FROM information_schema.tables WHERE ${theirs} ORDER BY 1, 2`),
    await mariadb.query(`SELECT * FROM information_schema.columns WHERE ${theirs} ORDER BY 2, 3, 5`),
    await mariadb.query(`SELECT table_schema, table_name, index_name, seq_in_index, column_name, non_unique
      FROM information_schema.statistics WHERE ${theirs} ORDER BY 1, 2, 3, 4`),
    await mariadb.query(`SELECT * FROM information_schema.schemata WHERE schema_name IN (${named}) ORDER BY 2`),
  ]
  const tables = (parts[0] ?? []) as { table_schema: string; table_name: string }[]
  for (const { table_schema, table_name } of tables)
    parts.push(await mariadb.query(`SELECT * FROM ${table_schema}.\`${table_name}\``))
  return JSON.stringify(parts, null, 1)
}

/** Puts one row into every table, whatever its columns are. */
async function fillEveryTable(): Promise<void> {
  const columns = (await mariadb.query(`SELECT table_schema, table_name, column_name, data_type, extra, column_key
    FROM information_schema.columns WHERE table_schema IN (${named}) ORDER BY 1, 2, ordinal_position`)) as Record<
    string,
    string
  >[]
  const byTable = new Map<string, typeof columns>()
  for (const column of columns) {
    const table = `${column['table_schema']}.\`${column['table_name']}\``
    byTable.set(table, [...(byTable.get(table) ?? []), column])
  }
  await mariadb.query(
    `SET FOREIGN_KEY_CHECKS = 0; ${[...byTable]
      .map(([table, those]) => {
        const written = those.filter((column) => column['extra'] !== 'auto_increment')
        const value = (type = '') =>
          /int|double/.test(type) ? '3' : /time/.test(type) ? "'2019-03-04 05:06:07'" : "'x'"
        return `INSERT INTO ${table} (${written.map((column) => `\`${column['column_name']}\``).join(',')})
          VALUES (${written.map((column) => value(column['data_type'])).join(',')})`
      })
      .join(';')}`,
  )
}

async function ourTables(): Promise<string[]> {
  const rows = await mariadb.query(`SHOW TABLES FROM falcon_portal LIKE 'falcon\\_%'`)
  return rows.map((row) => String(Object.values(row)[0]))
}

test('an existing deployment keeps every table, column, key and row as they are', async () => {
  await applySchema(portal)
  const ours = await ourTables()
  expect(ours.length).toBeGreaterThan(9)
  // As in a deployment that others have worked on: no tables of ours, some changed, one missing, all holding rows.
  await mariadb.query(`DROP TABLE ${ours.map((table) => `falcon_portal.${table}`).join(',')};
    ALTER TABLE falcon_portal.host ADD COLUMN rack VARCHAR(20) NOT NULL DEFAULT 'r1', MODIFY ip VARCHAR(45) NOT NULL;
    ALTER TABLE falcon_portal.strategy CONVERT TO CHARACTER SET utf8mb4, MODIFY func VARCHAR(64) NOT NULL DEFAULT 'all(#1)';
    ALTER TABLE falcon_portal.grp DROP INDEX idx_host_grp_grp_name;
    ALTER TABLE alarms.event_cases DROP COLUMN process_note;
    ALTER TABLE uic.user ENGINE = InnoDB ROW_FORMAT = COMPACT`)
  await fillEveryTable()
  const before = await everythingOfTheirs()
  expect(before.length).toBeGreaterThan(10_000)
  await applySchema(portal)
  await applySchema(portal)
  expect(await everythingOfTheirs()).toBe(before)
  expect(await ourTables()).toEqual(ours)
})

test('both dialects have the same tables with the same columns', async () => {
  await mariadb.query(databases.map((name) => `DROP DATABASE IF EXISTS ${name}`).join(';'))
  await applySchema(portal)
  const folder = mkdtempSync(join(tmpdir(), 'falcon-schema-'))
  const embedded = openDatabase(`sqlite:${join(folder, 'falcon.db')}`)
  onTestFinished(async () => {
    await embedded.close()
    rmSync(folder, { recursive: true })
  })
  await applySchema(embedded)
  const inMysql =
    await mariadb.query(`SELECT CONCAT(table_name, '.', column_name) AS name FROM information_schema.columns
    WHERE table_schema IN (${named}) ORDER BY 1`)
  const inFile = await sql<{ name: string }>`select m.name || '.' || c.name as name from sqlite_master m
    join pragma_table_info(m.name) c where m.type = 'table' and m.name not like 'sqlite%' order by 1`.execute(
    embedded.kysely,
  )
  const names = (rows: readonly { name?: unknown }[]) => new Set(rows.map((row) => row.name))
  expect(names(inFile.rows)).toEqual(names(inMysql))
  expect(inFile.rows.length).toBeGreaterThan(150)
})

test.each(['mysql', 'sqlite'])('no %s file holds a statement that could destroy anything', (dialect) => {
  const folder = join(projectRoot, 'schema', dialect)
  const files = readdirSync(folder).toSorted()
  expect(files).toEqual(readdirSync(join(projectRoot, 'schema/mysql')).toSorted())
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8').replaceAll(/^--.*$/gm, '')
    const starts = text.split(/;\s*\n\s*\n/).filter((statement) => statement.trim() !== '')
    for (const statement of starts)
      expect(statement.trim()).toMatch(/^CREATE (DATABASE|TABLE|(UNIQUE )?INDEX|TRIGGER) IF NOT EXISTS /)
    expect(text).not.toMatch(/\b(DROP|TRUNCATE|ALTER|DELETE FROM|REPLACE INTO)\b/i)
  }
})
