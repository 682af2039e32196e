import { Redis } from 'ioredis'
import { findProgram, startPrivately } from './private-server.ts'
import type { PrivateServer } from './private-server.ts'

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
export async function startRedis(extraArguments: readonly string[] = []): Promise<PrivateRedis> {
  const command = findProgram(['redis-server'], 'redis-server')
  const password = extraArguments[extraArguments.indexOf('--requirepass') + 1]
  const auth = extraArguments.includes('--requirepass') && password !== undefined ? { password } : {}
  const client = (port: number) =>
    new Redis({ host: '127.0.0.1', port, ...auth, protocol: 2, lazyConnect: true, retryStrategy: () => null }).on(
      'error',
      // What failed is told by the rejected command.
      () => undefined,
    )
  const server = await startPrivately({
    name: 'redis',
    command,
    arguments: ({ folder, port }) => [
      ...`--port ${port} --bind 127.0.0.1 --daemonize no --appendonly yes --appendfsync no`.split(' '),
      '--save',
      '',
      '--dir',
      folder,
      ...extraArguments,
    ],
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
