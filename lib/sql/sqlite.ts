import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { Dialect } from 'kysely'
import Libsql from 'libsql'
import { projectRoot } from '#lib/module'
import { DatabaseError } from './database-error.ts'
import type { SqliteDsn } from './dsn.ts'
import { NamedDriver } from './named-driver.ts'
import { executePatiently, insideMs, PatientDriver } from './sqlite-driver.ts'

/** How long opening a file waits for another process' write. Nothing else goes on yet that could be held up. */
const openWithinMs = 5000

export interface SqliteFile {
  readonly dialect: Dialect
  /** Runs a statement outside of any transaction. */
  execute(statement: string): Promise<void>
}

/** Opens the file, making it and its folder when missing. Several processes may have it open. */
export function openSqlite(dsn: SqliteDsn, name: string): SqliteFile {
  const file = resolve(projectRoot, dsn.file)
  const database = attempt(name, () => {
    mkdirSync(dirname(file), { recursive: true })
    const opened = new Libsql(file)
    opened.exec(`PRAGMA busy_timeout = ${openWithinMs}`)
    // A crash of the machine may take the last commits with NORMAL; a crash of the process takes none.
    opened.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON')
    opened.exec(`PRAGMA busy_timeout = ${insideMs}`)
    return opened
  })
  return {
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new NamedDriver(new PatientDriver(database), name),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    execute: async (statement) => {
      try {
        await executePatiently(database, statement)
      } catch (error) {
        throw new DatabaseError(name, error)
      }
    },
  }
}

function attempt<T>(name: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw new DatabaseError(name, error)
  }
}
