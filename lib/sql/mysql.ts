import { MysqlAdapter, MysqlDriver, MysqlIntrospector, MysqlQueryCompiler } from 'kysely'
import type { Dialect, MysqlPool, MysqlPoolConnection } from 'kysely'
import { createPool } from 'mysql2'
import type { PoolConnection, PoolOptions } from 'mysql2'
import type { MysqlDsn } from './dsn.ts'
import { NamedDriver } from './named-driver.ts'

export interface MysqlPoolLimits {
  readonly maxConnections: number
  readonly maxIdle: number
  readonly queryTimeoutMs: number
}

/** How long a close waits for statements under way and for the server's goodbye. */
const closeWithinMs = 2000

/** Connects when first asked; a connection that broke is replaced by the next statement. */
export function mysqlDialect(dsn: MysqlDsn, name: string, limits: MysqlPoolLimits): Dialect {
  return {
    createAdapter: () => new MysqlAdapter(),
    // Made with the first statement: kysely closes only what it has used, and an idle pool's timer would keep a process up.
    createDriver: () => new NamedDriver(new MysqlDriver({ pool: async () => preparingPool(dsn, limits) }), name),
    createIntrospector: (kysely) => new MysqlIntrospector(kysely),
    createQueryCompiler: () => new MysqlQueryCompiler(),
  }
}

/** A pool whose statements with parameters are prepared by the server, which kysely alone would not do. */
function preparingPool(dsn: MysqlDsn, limits: MysqlPoolLimits): MysqlPool {
  const pool = createPool(poolOptions(dsn, limits))
  const wrapped = new WeakMap<PoolConnection, MysqlPoolConnection>()
  const open = new Set<PoolConnection>()
  pool.on('connection', (connection) => {
    open.add(connection)
    connection.once('end', () => open.delete(connection))
  })
  return {
    getConnection(callback) {
      pool.getConnection((error, connection) => {
        if (error) return callback(error, undefined as never)
        const known = wrapped.get(connection) ?? preparing(connection, limits.queryTimeoutMs)
        wrapped.set(connection, known)
        callback(undefined, known)
      })
    },
    end(callback) {
      const finish = () => {
        clearTimeout(late)
        for (const connection of open) connection.destroy()
        callback(undefined)
      }
      // A server that hangs must not keep the process from ending.
      const late = setTimeout(finish, closeWithinMs)
      // That a connection was broken already is no failure of closing it.
      pool.end(finish)
    },
  }
}

function preparing(connection: PoolConnection, timeout: number): MysqlPoolConnection {
  return {
    query: ((sql: string, values: never[], callback: (error: unknown, result: unknown) => void) => {
      if (values.length === 0) connection.query({ sql, timeout }, callback)
      else connection.execute({ sql, values, timeout }, callback)
    }) as MysqlPoolConnection['query'],
    release: () => connection.release(),
  }
}

function poolOptions(dsn: MysqlDsn, limits: MysqlPoolLimits): PoolOptions {
  return {
    ...dsn.address,
    user: dsn.user,
    password: dsn.password,
    ...(dsn.database === '' ? {} : { database: dsn.database }),
    ...(dsn.tls === 'off' ? {} : { ssl: { rejectUnauthorized: dsn.tls === 'verify' } }),
    charset: 'utf8mb4',
    connectTimeout: dsn.connectTimeoutMs ?? 5000,
    connectionLimit: limits.maxConnections,
    maxIdle: Math.min(limits.maxIdle, limits.maxConnections),
    idleTimeout: 60_000,
    maxPreparedStatements: 200,
    enableKeepAlive: true,
    // Times are texts in the server's zone, as Open-Falcon wrote them; no conversion can then be wrong.
    dateStrings: true,
    supportBigNumbers: true,
  }
}
