import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { parseListen } from '#lib/address'
import { serveRpc } from './serve.ts'
import type { RpcOptions } from './serve.ts'

export interface RpcServerOptions<C> extends RpcOptions<C> {
  /** `host:port`; an empty host is every address. */
  readonly listen: string
  /** Asked for each new connection, of which nothing has been read: true when somebody else serves it. */
  readonly deal?: (socket: Socket) => boolean
}

export interface RpcServer {
  /** The port in use, also when the configured one was 0. */
  readonly port: number
  connections(): number
  /** No connection, no request any more; resolves when those that were running are answered. */
  close(): Promise<void>
}

const backlog = 4096

/**
 * Listens for the connections of `serveRpc`.
 * @throws when the address cannot be bound; the message names it.
 */
export async function listenRpc<C>(options: RpcServerOptions<C>): Promise<RpcServer> {
  const { listen, deal, log } = options
  const address = parseListen(listen)
  if (!address) throw new Error(`Cannot listen on "${listen}": it is not host:port`)
  const service = await serveRpc(options)
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    if (!deal?.(socket)) service.take(socket)
  })
  await bind(server, address, listen)
  server.on('error', (error) => log.error({ err: error, listen }, 'cannot accept a connection'))

  return {
    port: portOf(server),
    connections: () => service.connections(),
    async close() {
      // Its end is not waited for: connections that others serve are its own too.
      server.close()
      await service.close()
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
