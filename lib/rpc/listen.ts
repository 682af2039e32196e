import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { parseListen } from '#lib/address'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { Connection } from './connection.ts'
import type { ConnectionHost } from './connection.ts'
import type { DirectReader, RpcMethod } from './method.ts'
import { createTurns } from './turns.ts'

export interface RpcServerOptions<C> {
  /** `host:port`; an empty host is every address. */
  readonly listen: string
  readonly methods: readonly RpcMethod<C>[]
  readonly context: C
  /** Is shown each request before it is parsed. One for all connections: what it reads is run before it reads again. */
  readonly direct?: DirectReader
  readonly log: Logger
  readonly counters: Counters
  /** Default 32 MiB. */
  readonly maxRequestBytes?: number
  /** To complete a begun request, and to read some of an answer; default 30 s. Idle connections may stay for ever. */
  readonly requestTimeoutMs?: number
  /** Parsing in one turn of the event loop; default 5 ms. */
  readonly budgetMs?: number
  /** Requests of one connection that run side by side; default 64. */
  readonly maxInFlight?: number
  /** Answers that may wait for one peer to read them; default 64 MiB. */
  readonly maxOutgoingBytes?: number
  /** Half-received requests of all connections together; default 512 MiB. */
  readonly maxPendingBytes?: number
}

export interface RpcServer {
  /** The port in use, also when the configured one was 0. */
  readonly port: number
  connections(): number
  /** No connection, no request any more; resolves when those that were running are answered. */
  close(): Promise<void>
}

const checkEveryMs = 100
/** How long requests that run may take to be answered when the server is closed. */
const closeWithinMs = 5000
const backlog = 4096

/**
 * Serves JSON-RPC 1.0 over TCP as Go's net/rpc/jsonrpc does. Counters: `rpc.requests` and what became of each
 * (see `createDispatch`), `rpc.unheard` (answers whose peer was gone), `rpc.connections`, `rpc.accepted`,
 * `rpc.pendingBytes`, and `rpc.closed.<reason>` for connections that the server closed itself.
 * @throws when the address cannot be bound; the message names it.
 */
export async function listenRpc<C>(options: RpcServerOptions<C>): Promise<RpcServer> {
  const { listen, counters, log } = options
  const address = parseListen(listen)
  if (!address) throw new Error(`Cannot listen on "${listen}": it is not host:port`)
  // Loaded by servers only: agents, which are clients, must not pay for jayson.
  const { createDispatch } = await import('./dispatch.ts')
  const connections = new Set<Connection>()
  const host: ConnectionHost = {
    connections,
    dispatch: createDispatch(options),
    ...(options.direct && { direct: options.direct }),
    turns: createTurns(options.budgetMs ?? 5),
    counters,
    log,
    limits: {
      maxRequestBytes: options.maxRequestBytes ?? 32 * 2 ** 20,
      requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
      maxInFlight: options.maxInFlight ?? 64,
      highWaterBytes: 128 * 1024,
      maxOutgoingBytes: options.maxOutgoingBytes ?? 64 * 2 ** 20,
      maxPendingBytes: options.maxPendingBytes ?? 512 * 2 ** 20,
    },
    pendingBytes: 0,
  }
  counters.gauge('rpc.connections', () => connections.size)
  counters.gauge('rpc.pendingBytes', () => host.pendingBytes)

  const server = createServer({ allowHalfOpen: true }, (socket) => {
    host.turns.hurry() // the next one is accepted in the next turn only
    counters.add('rpc.accepted')
    const connection = new Connection(socket, host)
    connections.add(connection)
    socket.on('close', () => connections.delete(connection))
  })
  await bind(server, address, listen)
  server.on('error', (error) => log.error({ err: error, listen }, 'cannot accept a connection'))
  const checking = setInterval(() => {
    const now = performance.now()
    for (const connection of connections) connection.check(now)
  }, checkEveryMs).unref()

  return {
    port: portOf(server),
    connections: () => connections.size,
    async close() {
      clearInterval(checking)
      const closed = new Promise((resolve) => server.close(resolve))
      for (const connection of connections) connection.stop()
      const late = setTimeout(() => {
        log.warn({ connections: connections.size }, 'connections dropped with requests unanswered')
        for (const connection of connections) connection.destroy()
      }, closeWithinMs)
      await closed
      clearTimeout(late)
      connections.clear()
    },
  }
}

function bind(server: Server, address: { host: string; port: number }, listen: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new Error(`Cannot listen on ${listen}: ${error.message}`, { cause: error }))
    server.once('error', fail)
    const where = address.host === '' ? {} : { host: address.host }
    server.listen({ ...where, port: address.port, backlog }, () => {
      server.off('error', fail)
      resolve()
    })
  })
}

function portOf(server: Server): number {
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : 0
}
