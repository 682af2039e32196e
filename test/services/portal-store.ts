import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applySchema, openDatabase } from '#lib/sql'
import type { Database } from '#lib/sql'
import { startMariadb } from './mariadb.ts'
import type { Mariadb } from './mariadb.ts'

/** Rows of portal tables, by table. */
export type PortalRows = Readonly<Record<string, readonly Record<string, unknown>[]>>

export interface PortalStore {
  readonly database: Database
  /** The server, when it is one. */
  readonly server: Mariadb | undefined
  /** What a configuration file names it. */
  readonly dsn: string
  /** Makes the tables hold these rows and nothing else. */
  replace(rows: PortalRows): Promise<void>
  remove(): Promise<void>
}

/** Empty portal tables in a real MariaDB of its own, or in a SQLite file. */
export async function openPortalStore(dialect: Database['dialect']): Promise<PortalStore> {
  const place = dialect === 'mysql' ? await mysqlPlace() : sqlitePlace()
  const database = openDatabase(place.dsn)
  await applySchema(database)
  return {
    database,
    dsn: place.dsn,
    server: place.server,
    replace: (rows) => replaceRows(database, rows),
    async remove() {
      await database.close()
      await place.remove()
    },
  }
}

interface Place {
  readonly dsn: string
  readonly server: Mariadb | undefined
  remove(): Promise<void>
}

async function mysqlPlace(): Promise<Place> {
  const server = await startMariadb()
  return { server, dsn: server.dsn('falcon_portal'), remove: () => server.remove() }
}

function sqlitePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-portal-'))
  return {
    server: undefined,
    dsn: `sqlite:${join(folder, 'falcon.db')}`,
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Those that hbs reads; recordings may have others besides. */
const portalTables = ['host', 'grp', 'grp_host', 'tpl', 'grp_tpl', 'strategy', 'expression', 'plugin_dir'] as const

async function replaceRows(database: Database, rows: PortalRows): Promise<void> {
  await database.kysely.transaction().execute(async (on) => {
    for (const table of portalTables) {
      await on.deleteFrom(table).execute()
      const some = rows[table] ?? []
      if (some.length > 0) await on.insertInto(table).values(some).execute()
    }
  })
}
