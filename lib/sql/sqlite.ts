import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CompiledQuery, SqliteAdapter, SqliteDriver, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { DatabaseConnection, Dialect } from 'kysely'
import Libsql from 'libsql'
import { projectRoot } from '#lib/module'
import { DatabaseError } from './database-error.ts'
import type { SqliteDsn } from './dsn.ts'
import { NamedDriver } from './named-driver.ts'

/** How long a statement waits for another process' write. Calls are synchronous, so this also bounds a stall. */
const busyTimeoutMs = 5000

export interface SqliteFile {
  readonly dialect: Dialect
  /** Runs a text of several statements. */
  execute(text: string): void
}

/** Opens the file, making it and its folder when missing. Several processes may have it open. */
export function openSqlite(dsn: SqliteDsn, name: string): SqliteFile {
  const file = resolve(projectRoot, dsn.file)
  const database = attempt(name, () => {
    mkdirSync(dirname(file), { recursive: true })
    const opened = new Libsql(file)
    opened.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    // A crash of the machine may take the last commits with NORMAL; a crash of the process takes none.
    opened.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON')
    return opened
  })
  return {
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new NamedDriver(new ImmediateDriver({ database }), name),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    execute: (text) => attempt(name, () => void database.exec(text)),
  }
}

/**
 * Takes the write lock when a transaction begins: a transaction that reads first and writes later fails at once,
 * whatever the busy timeout, when another process wrote in between.
 */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

function attempt<T>(name: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw new DatabaseError(name, error)
  }
}
