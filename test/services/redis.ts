import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { findProgram, startPrivately } from './private-server.ts'
import type { PrivateServer, ServerPlan } from './private-server.ts'

export interface PrivateRedis extends PrivateServer {
  /** `host:port` */
  readonly dsn: string
  /** A connected client; the caller disconnects it. */
  connect(): Promise<Redis>
}

/**
 * A Redis server whose lists survive SIGKILL: every command is in its append-only file before it is answered.
 * (With `appendfsync everysec` Redis may answer first; `no` leaves only the machine's own crash uncovered.)
 */
export function startRedis(extraArguments: readonly string[] = []): Promise<PrivateRedis> {
  const given = extraArguments.indexOf('--requirepass')
  return start({
    password: given < 0 ? undefined : extraArguments[given + 1],
    arguments: ({ folder, port }) => [
      ...`--port ${port} --bind 127.0.0.1 --daemonize no --appendonly yes --appendfsync no`.split(' '),
      '--save',
      '',
      '--dir',
      folder,
      ...extraArguments,
    ],
  })
}

/** A sentinel that watches a Redis under the name `mymaster`. */
export function startSentinel(master: PrivateRedis): Promise<PrivateRedis> {
  return start({
    prepare: (folder) =>
      writeFileSync(join(folder, 'sentinel.conf'), `sentinel monitor mymaster 127.0.0.1 ${master.port} 1\n`),
    arguments: ({ folder, port }) => [
      join(folder, 'sentinel.conf'),
      '--sentinel',
      ...`--port ${port} --bind 127.0.0.1 --daemonize no --dir`.split(' '),
      folder,
    ],
  })
}

async function start(
  plan: Pick<ServerPlan, 'arguments' | 'prepare'> & { readonly password?: string | undefined },
): Promise<PrivateRedis> {
  const command = findProgram(['redis-server'], 'redis-server')
  const auth = plan.password === undefined ? {} : { password: plan.password }
  const client = (port: number) =>
    new Redis({ host: '127.0.0.1', port, ...auth, protocol: 2, lazyConnect: true, retryStrategy: () => null }).on(
      'error',
      // What failed is told by the rejected command.
      () => undefined,
    )
  const server = await startPrivately({
    name: 'redis',
    command,
    ...plan,
    ready: async ({ port }) => {
      const probe = client(port)
      try {
        return (await probe.ping()) === 'PONG'
      } catch {
        return false
      } finally {
        probe.disconnect()
      }
    },
  })
  return {
    ...server,
    dsn: `127.0.0.1:${server.port}`,
    async connect() {
      const connected = client(server.port)
      await connected.connect()
      return connected
    },
  }
}
