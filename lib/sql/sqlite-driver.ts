import { setTimeout as sleep } from 'node:timers/promises'
import { SqliteDriver } from 'kysely'
import type { CompiledQuery, DatabaseConnection, QueryResult, TransactionSettings } from 'kysely'
import type Libsql from 'libsql'

/** How long a statement waits for another process' write. */
const patienceMs = 5000

/** How long it waits at a time inside the library, where the whole process stands still; and how long between two attempts. */
export const insideMs = 10
const pauseMs = 25

/**
 * Whoever waits for another process' write lets the rest of this process go on.
 * A statement that found the file locked stays open in libsql until its object is collected, and until then no transaction
 * can be committed. So the lock is always taken first, by `exec`, which leaves nothing open.
 */
export class PatientDriver extends SqliteDriver {
  readonly #database: Libsql.Database

  constructor(database: Libsql.Database) {
    super({ database })
    this.#database = database
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    return new PatientConnection(this.#database, await super.acquireConnection())
  }

  /**
   * Takes the lock when a transaction begins, unless it only reads: one that reads first and writes later would fail,
   * however patient, when another process wrote in between.
   */
  override beginTransaction(_connection: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    return executePatiently(this.#database, settings?.accessMode === 'read only' ? 'begin' : 'begin immediate')
  }

  override async commitTransaction(): Promise<void> {
    this.#database.exec('commit')
  }

  override async rollbackTransaction(): Promise<void> {
    rollBack(this.#database)
  }
}

class PatientConnection implements DatabaseConnection {
  readonly #database: Libsql.Database
  readonly #inner: DatabaseConnection

  constructor(database: Libsql.Database, inner: DatabaseConnection) {
    this.#database = database
    this.#inner = inner
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#database.inTransaction || !/^\s*(?:insert|update|delete|replace|with)\b/i.test(query.sql))
      return await this.#inner.executeQuery<R>(query)
    await executePatiently(this.#database, 'begin immediate')
    try {
      const result = await this.#inner.executeQuery<R>(query)
      this.#database.exec('commit')
      return result
    } catch (error) {
      rollBack(this.#database)
      throw error
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#inner.streamQuery<R>(query, chunkSize)
  }
}

/** A full disk, for one, ends a transaction by itself. */
function rollBack(database: Libsql.Database): void {
  if (database.inTransaction) database.exec('rollback')
}

/** Runs a text of statements without parameters, again and again while it finds the file locked. */
export async function executePatiently(database: Libsql.Database, text: string): Promise<void> {
  for (const giveUpAt = performance.now() + patienceMs; ;) {
    try {
      database.exec(text)
      return
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'SQLITE_BUSY' || performance.now() >= giveUpAt) throw error
      await sleep(pauseMs)
    }
  }
}
