import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely'
import { DatabaseError } from './database-error.ts'

/** Wraps a kysely driver so that each of its failures is a `DatabaseError` naming the database. */
export class NamedDriver implements Driver {
  readonly #inner: Driver
  readonly #database: string

  constructor(inner: Driver, database: string) {
    this.#inner = inner
    this.#database = database
  }

  init(): Promise<void> {
    return this.#named(() => this.#inner.init())
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await this.#named(() => this.#inner.acquireConnection())
    return new NamedConnection(connection, this.#database)
  }

  beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    return this.#named(() => this.#inner.beginTransaction(innerOf(connection), settings))
  }

  commitTransaction(connection: DatabaseConnection): Promise<void> {
    return this.#named(() => this.#inner.commitTransaction(innerOf(connection)))
  }

  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return this.#named(() => this.#inner.rollbackTransaction(innerOf(connection)))
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    return this.#inner.releaseConnection(innerOf(connection))
  }

  destroy(): Promise<void> {
    return this.#inner.destroy()
  }

  async #named<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      throw new DatabaseError(this.#database, error)
    }
  }
}

class NamedConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection
  readonly #database: string

  constructor(inner: DatabaseConnection, database: string) {
    this.inner = inner
    this.#database = database
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return await this.inner.executeQuery<R>(query)
    } catch (error) {
      throw new DatabaseError(this.#database, error)
    }
  }

  async *streamQuery<R>(query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    try {
      yield* this.inner.streamQuery<R>(query, chunkSize)
    } catch (error) {
      throw new DatabaseError(this.#database, error)
    }
  }
}

function innerOf(connection: DatabaseConnection): DatabaseConnection {
  return connection instanceof NamedConnection ? connection.inner : connection
}
