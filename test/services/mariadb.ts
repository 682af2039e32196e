import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { userInfo } from 'node:os'
import { createConnection } from 'mysql2/promise'
import { findProgram, startPrivately } from './private-server.ts'
import type { PrivateServer } from './private-server.ts'

export interface Mariadb extends PrivateServer {
  readonly socketPath: string
  /** A Go DSN as root, over TCP. */
  dsn(database: string): string
  /** Runs statements as root; resolves with the rows of the last. Several statements may be in one text. */
  query(statements: string): Promise<Record<string, unknown>[]>
}

/** A MariaDB (or MySQL) server with an empty data folder; root has no password. Commits survive SIGKILL of the server. */
export async function startMariadb(): Promise<Mariadb> {
  const command = findProgram(['mariadbd', 'mysqld', '/usr/sbin/mariadbd'], 'mariadb-server')
  const install = findProgram(['mariadb-install-db', 'mysql_install_db'], 'mariadb-server')
  const asUser = [`--user=${userInfo().username}`]
  const server = await startPrivately({
    name: 'mariadb',
    command,
    prepare(folder) {
      const installed = spawnSync(
        install,
        ['--no-defaults', `--datadir=${join(folder, 'data')}`, '--auth-root-authentication-method=normal', ...asUser],
        { encoding: 'utf8' },
      )
      if (installed.status !== 0)
        throw new Error(`Cannot make a MariaDB data folder: ${installed.stdout}${installed.stderr}`)
    },
    arguments: ({ folder, port }) => [
      '--no-defaults',
      `--datadir=${join(folder, 'data')}`,
      `--socket=${join(folder, 'sock')}`,
      `--port=${port}`,
      ...asUser,
      ...'--skip-networking=0 --bind-address=127.0.0.1 --skip-name-resolve --skip-log-bin'.split(' '),
      ...'--innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=2 --innodb-doublewrite=0'.split(' '),
      '--performance-schema=OFF',
    ],
    ready: ({ folder }) =>
      query(join(folder, 'sock'), 'SELECT 1').then(
        () => true,
        () => false,
      ),
  })
  const socketPath = join(server.folder, 'sock')
  return {
    ...server,
    socketPath,
    dsn: (database) => `root:@tcp(127.0.0.1:${server.port})/${database}?loc=Local&parseTime=true`,
    query: (statements) => query(socketPath, statements),
  }
}

async function query(socketPath: string, statements: string): Promise<Record<string, unknown>[]> {
  const connection = await createConnection({ socketPath, user: 'root', multipleStatements: true, dateStrings: true })
  try {
    const [result] = await connection.query(statements)
    return result as Record<string, unknown>[]
  } finally {
    await connection.end()
  }
}
