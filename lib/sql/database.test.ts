import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import Libsql from 'libsql'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startMariadb } from '../../test/services/index.ts'
import type { Mariadb } from '../../test/services/index.ts'
import { applySchema, consistentRead, DatabaseError, insertOrUpdate, openDatabase } from './index.ts'
import type { Database } from './index.ts'

let mariadb: Mariadb
beforeAll(async () => {
  mariadb = await startMariadb()
}, 120_000)
afterAll(() => mariadb.remove())

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-sql-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'deep', 'falcon.db')
}

function opened(dsn: string): Database {
  const database = openDatabase(dsn)
  onTestFinished(() => database.close())
  return database
}

describe.each(['mysql', 'sqlite'] as const)('%s', (dialect) => {
  const dsnOf = () => (dialect === 'mysql' ? mariadb.dsn('falcon_portal') : `sqlite:${temporaryFile()}`)
  async function empty(): Promise<Database> {
    if (dialect === 'mysql') await mariadb.query('DROP DATABASE IF EXISTS falcon_portal')
    const database = opened(dsnOf())
    await applySchema(database)
    return database
  }

  test('the schema applies to nothing, and again to itself without touching a row', async () => {
    const database = await empty()
    await database.kysely.insertInto('host').values({ hostname: 'h1', ip: '10.0.0.1' }).execute()
    const before = await database.kysely.selectFrom('host').selectAll().execute()
    await applySchema(database)
    expect(await database.kysely.selectFrom('host').selectAll().execute()).toEqual(before)
    expect(before[0]).toMatchObject({ id: 1, hostname: 'h1', agent_version: '', maintain_begin: 0 })
    expect(before[0]?.update_at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  })

  test('insertOrUpdate inserts what is new, updates what exists, and keeps its id', async () => {
    const database = await empty()
    const write = (rows: { hostname: string; ip: string }[]) =>
      insertOrUpdate(dialect, database.kysely, 'host', rows, { key: ['hostname'], update: ['ip'] }).execute()
    await write([{ hostname: 'a', ip: '1' }])
    await write([
      { hostname: 'b', ip: '2' },
      { hostname: 'a', ip: "'; DROP host; --" },
    ])
    const rows = await database.kysely.selectFrom('host').select(['hostname', 'ip', 'id']).orderBy('hostname').execute()
    expect(rows).toEqual([
      { hostname: 'a', ip: "'; DROP host; --", id: 1 },
      { hostname: 'b', ip: '2', id: expect.any(Number) },
    ])
  })

  test('a transaction that fails leaves nothing behind', async () => {
    const database = await empty()
    const attempt = database.kysely.transaction().execute(async (transaction) => {
      await transaction.insertInto('host').values({ hostname: 'gone' }).execute()
      throw new Error('changed my mind')
    })
    await expect(attempt).rejects.toThrow('changed my mind')
    expect(await database.kysely.selectFrom('host').selectAll().execute()).toEqual([])
  })

  test('limits and numbers of all sizes go through prepared statements', async () => {
    const database = await empty()
    await database.kysely
      .insertInto('falcon_queue_producer')
      .values([1, 2 ** 31, Number.MAX_SAFE_INTEGER].map((sequence) => ({ producer: `p${sequence}`, sequence })))
      .execute()
    const rows = await database.kysely
      .selectFrom('falcon_queue_producer')
      .select('sequence')
      .where('sequence', '>=', 2 ** 31)
      .orderBy('sequence', 'desc')
      .limit(1)
      .execute()
    expect(rows).toEqual([{ sequence: Number.MAX_SAFE_INTEGER }])
  })

  test('a consistent read sees one moment while another connection writes, and does not keep it from writing', async () => {
    const dsn = dsnOf()
    const [database, other] = [opened(dsn), opened(dsn)]
    await applySchema(database)
    await database.kysely.deleteFrom('host').execute()
    const count = async (on: Database['kysely']) => (await on.selectFrom('host').select('id').execute()).length
    const seen = await consistentRead(database, async (on) => {
      const before = await count(on)
      await other.kysely.insertInto('host').values({ hostname: 'meanwhile' }).execute()
      return [before, await count(on)]
    })
    expect(seen).toEqual([0, 0])
    expect(await count(database.kysely)).toBe(1)
    await expect(consistentRead(database, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await count(database.kysely)).toBe(1)
  })

  test('a failing statement names the database and keeps the code of the driver', async () => {
    const database = await empty()
    await database.kysely.insertInto('host').values({ hostname: 'twice' }).execute()
    const again = database.kysely.insertInto('host').values({ hostname: 'twice' }).execute()
    await expect(again).rejects.toThrow(`Cannot use database ${database.name}: `)
    await expect(again).rejects.toMatchObject({
      code: dialect === 'mysql' ? 'ER_DUP_ENTRY' : 'SQLITE_CONSTRAINT_UNIQUE',
    })
  })
})

test('the embedded database keeps update_at until a row really changes, and never uses an id twice', async () => {
  const database = opened(`sqlite:${temporaryFile()}`)
  await applySchema(database)
  const { kysely } = database
  await kysely.insertInto('host').values({ hostname: 'h', ip: '1', update_at: '2000-01-01 00:00:00' }).execute()
  const stamp = async () => (await kysely.selectFrom('host').select('update_at').executeTakeFirstOrThrow()).update_at
  await kysely.updateTable('host').set({ ip: '1' }).execute()
  expect(await stamp()).toBe('2000-01-01 00:00:00')
  await kysely.updateTable('host').set({ ip: '2' }).execute()
  expect(await stamp()).not.toBe('2000-01-01 00:00:00')

  await kysely.deleteFrom('host').execute()
  await kysely.insertInto('host').values({ hostname: 'h' }).execute()
  expect((await kysely.selectFrom('host').select('id').executeTakeFirstOrThrow()).id).toBe(2)
})

test('two openers of one file see each other and wait for each other', async () => {
  const file = temporaryFile()
  const [one, two] = [opened(`sqlite:${file}`), opened(`sqlite:${file}`)]
  await applySchema(one)
  const counted = async (database: Database, hostname: string) => {
    for (let i = 0; i < 50; i++)
      await database.kysely.transaction().execute(async (transaction) => {
        await transaction
          .selectFrom('host')
          .select(sql<number>`count(*)`.as('n'))
          .execute()
        await transaction
          .insertInto('host')
          .values({ hostname: `${hostname}${i}` })
          .execute()
      })
  }
  // Calls on libsql are synchronous, so the transactions of one process take turns between statements only.
  await counted(one, 'one')
  await counted(two, 'two')
  const { n } = await one.kysely
    .selectFrom('host')
    .select(sql<number>`count(*)`.as('n'))
    .executeTakeFirstOrThrow()
  expect(n).toBe(100)
})

test('a file that another process has locked is waited for, but not by all of this process', async () => {
  const file = temporaryFile()
  const database = opened(`sqlite:${file}`)
  await applySchema(database)
  const other = new Libsql(file)
  onTestFinished(() => void other.close())
  other.exec('begin immediate')
  const insert = (hostname: string, on = database.kysely) => on.insertInto('host').values({ hostname }).execute()
  const writes = [
    applySchema(opened(`sqlite:${file}`)),
    insert('alone'),
    database.kysely.transaction().execute((transaction) => insert('together', transaction)),
  ]
  // Each timer fires on its own turn: none did while the library itself waited for the lock.
  let turns = 0
  const ticking = setInterval(() => turns++, 1)
  onTestFinished(() => clearInterval(ticking))
  await vi.waitFor(() => expect(turns).toBeGreaterThan(50))
  other.exec('commit')
  await Promise.all(writes)
  const rows = await database.kysely.selectFrom('host').select('hostname').orderBy('id').execute()
  expect(rows).toEqual([{ hostname: 'alone' }, { hostname: 'together' }])
})

test('mysql that goes away fails with a name and without the password; the next statement after its return works', async () => {
  await mariadb.query(`CREATE DATABASE IF NOT EXISTS falcon_portal; CREATE USER IF NOT EXISTS falcon@'%' IDENTIFIED BY 'p@s:s/w(o)rd';
    GRANT ALL ON falcon_portal.* TO falcon@'%'`)
  const database = opened(`falcon:p@s:s/w(o)rd@tcp(127.0.0.1:${mariadb.port})/falcon_portal`)
  const one = () => sql<{ one: number }>`select ${1} as one`.execute(database.kysely)
  expect((await one()).rows).toEqual([{ one: 1 }])
  await mariadb.kill()
  const failed = one()
  await expect(failed).rejects.toThrow(DatabaseError)
  await expect(failed).rejects.toThrow(`falcon@127.0.0.1:${mariadb.port}/falcon_portal`)
  await expect(failed).rejects.not.toThrow('p@s:s')
  await mariadb.start()
  expect((await one()).rows).toEqual([{ one: 1 }])
}, 60_000)

test('mysql over its unix socket', async () => {
  const database = opened(`root:@unix(${mariadb.socketPath})/mysql`)
  expect((await sql<{ one: number }>`select 1 as one`.execute(database.kysely)).rows).toEqual([{ one: 1 }])
})

test('a wrong password is told without showing it', async () => {
  const database = opened(`root:topsecret@tcp(127.0.0.1:${mariadb.port})/falcon_portal`)
  const attempt = sql`select 1`.execute(database.kysely)
  await expect(attempt).rejects.toThrow(/^Cannot use database root@127\.0\.0\.1:\d+\/falcon_portal: Access denied/)
  await expect(attempt).rejects.not.toThrow('topsecret')
})

test('a file that cannot be opened is named', () => {
  const file = temporaryFile()
  opened(`sqlite:${file}`)
  expect(() => openDatabase(`sqlite:${file}/beneath/falcon.db`)).toThrow(
    `Cannot use database ${file}/beneath/falcon.db: `,
  )
})
