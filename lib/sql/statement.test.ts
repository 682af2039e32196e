import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import { runStatement } from './statement.ts'

const folder = mkdtempSync(join(tmpdir(), 'falcon-statement-'))
const database = openDatabase(`sqlite:${join(folder, 'a.db')}`)
afterAll(async () => {
  await database.close()
  rmSync(folder, { recursive: true })
})

test('rows come as text with their column names, writes tell how many rows they changed', async () => {
  await runStatement(database, 'create table t (id integer, name text)')
  expect(await runStatement(database, "insert into t values (1, 'a'), (2, null)")).toMatchObject({
    columns: [],
    changed: 2,
  })
  expect(await runStatement(database, 'select id, name from t order by id')).toMatchObject({
    columns: ['id', 'name'],
    rows: [
      ['1', 'a'],
      ['2', 'NULL'],
    ],
  })
})

test('a statement that is wrong is refused with what the database said', async () => {
  await expect(runStatement(database, 'selekt 1')).rejects.toThrow(/syntax error/)
})
