import type { Socket } from 'node:net'
import type { Counters } from '#lib/counters'
import type { Logger } from '#lib/log'
import { Connection } from './connection.ts'
import type { ConnectionHost } from './connection.ts'
import type { DirectReader, RpcMethod } from './method.ts'
import { createTurns } from './turns.ts'

export interface RpcOptions<C> {
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

/** Serves connections, whoever accepted them. */
export interface RpcService {
  /** Serves this connection from now on. A socket that was paused is resumed. */
  take(socket: Socket): void
  connections(): number
  /** No request any more; resolves when those that were running are answered. */
  close(): Promise<void>
}

const checkEveryMs = 100
/** How long requests that run may take to be answered when the service is closed. */
const closeWithinMs = 5000

/**
 * Answers JSON-RPC 1.0 as Go's net/rpc/jsonrpc does. Counters: `rpc.requests` and what became of each
 * (see `createDispatch`), `rpc.unheard` (answers whose peer was gone), `rpc.connections`, `rpc.accepted`,
 * `rpc.pendingBytes`, and `rpc.closed.<reason>` for connections that it closed itself.
 */
export async function serveRpc<C>(options: RpcOptions<C>): Promise<RpcService> {
  const { counters, log } = options
  // Loaded by servers only: agents, which are clients, must not pay for jayson.
  const { createDispatch } = await import('./dispatch.ts')
  const connections = new Set<Connection>()
  const closing = new Set<Promise<void>>()
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

  const checking = setInterval(() => {
    const now = performance.now()
    for (const connection of connections) connection.check(now)
  }, checkEveryMs).unref()

  return {
    take(socket) {
      host.turns.hurry() // the next one is accepted in the next turn only
      counters.add('rpc.accepted')
      // One that another process accepted knows nothing of it.
      socket.allowHalfOpen = true
      const closed = new Promise<void>((resolve) => {
        socket.once('close', () => {
          connections.delete(connection)
          closing.delete(closed)
          resolve()
        })
      })
      closing.add(closed)
      const connection = new Connection(socket, host)
      connections.add(connection)
      socket.resume()
    },
    connections: () => connections.size,
    async close() {
      clearInterval(checking)
      for (const connection of connections) connection.stop()
      const late = setTimeout(() => {
        log.warn({ connections: connections.size }, 'connections dropped with requests unanswered')
        for (const connection of connections) connection.destroy()
      }, closeWithinMs)
      await Promise.all(closing)
      clearTimeout(late)
    },
  }
}
