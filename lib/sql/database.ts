import { Kysely, sql } from 'kysely'
import { displayName, parseDsn } from './dsn.ts'
import type { MysqlDsn } from './dsn.ts'
import { mysqlDialect } from './mysql.ts'
import { openSqlite } from './sqlite.ts'
import type { Tables } from './tables.ts'

export interface Database {
  readonly kysely: Kysely<Tables>
  readonly dialect: 'mysql' | 'sqlite'
  /** For messages: where it is, without the password. */
  readonly name: string
  /** Runs the statements of a schema file, each whole. On MySQL no database is selected, so the names are full ones. */
  runScript(statements: readonly string[]): Promise<void>
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** MySQL only: connections at most; default 20. */
  readonly maxConnections?: number
  /** MySQL only: connections kept while there is nothing to do; default 5. */
  readonly maxIdle?: number
  /** MySQL only: a statement that takes longer fails; default 30 000. */
  readonly queryTimeoutMs?: number
}

/**
 * Opens the portal tables: `sqlite:var/falcon.db` (relative to the project's folder; made when missing) or a Go DSN
 * such as `falcon:secret@tcp(db:3306)/falcon_portal?loc=Local&parseTime=true`. MySQL is connected when first asked.
 * Every failure of a statement is a `DatabaseError`.
 * @throws Error when the DSN is not understood, DatabaseError when the file cannot be opened.
 */
export function openDatabase(dsn: string, options: DatabaseOptions = {}): Database {
  const parsed = parseDsn(dsn)
  const name = displayName(parsed)
  return parsed.kind === 'mysql' ? openMysql(parsed, name, options) : openFile(parsed, name)
}

function openFile(dsn: Parameters<typeof openSqlite>[0], name: string): Database {
  const file = openSqlite(dsn, name)
  const kysely = new Kysely<Tables>({ dialect: file.dialect })
  return {
    kysely,
    dialect: 'sqlite',
    name,
    async runScript(statements) {
      for (const statement of statements) await file.execute(statement)
    },
    close: () => kysely.destroy(),
  }
}

function openMysql(dsn: MysqlDsn, name: string, options: DatabaseOptions): Database {
  const limits = {
    maxConnections: options.maxConnections ?? 20,
    maxIdle: options.maxIdle ?? 5,
    queryTimeoutMs: options.queryTimeoutMs ?? 30_000,
  }
  const kysely = new Kysely<Tables>({ dialect: mysqlDialect(dsn, name, limits) })
  return {
    kysely,
    dialect: 'mysql',
    name,
    async runScript(statements) {
      const server = new Kysely<unknown>({
        dialect: mysqlDialect({ ...dsn, database: '' }, name, { ...limits, maxConnections: 1 }),
      })
      try {
        for (const statement of statements) await sql.raw(statement).execute(server)
      } finally {
        await server.destroy()
      }
    },
    close: () => kysely.destroy(),
  }
}
