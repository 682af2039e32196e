import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { parseListen } from '#lib/config'
import { defaultMaxFrameBytes } from './frames.ts'
import { defaultHeartbeatMs } from './heartbeat.ts'
import { welcome } from './handshake.ts'
import type { LinkServer, LinkServerOptions } from './link.ts'
import { serveConnection } from './server-connection.ts'
import { createTurns } from './turns.ts'

/** Longest run of frame handling before the event loop gets to its other work. */
const budgetMs = 5
/** How long `close` waits for batches being taken. */
const closeWaitMs = 5000

/**
 * A module's link port. Counters: `link.connections`, `link.samples.taken`, `.refused` and `.postponed` (to be sent
 * again), `link.calls`, `link.peers.foreign`, `.version` and `.silent` (refused), `.early` (turned away for now), `.corrupt` (closed for a bad frame), `.failed` (closed for a bug of ours).
 * @throws when the port cannot be bound; the message names the address.
 */
export async function listenLink<Slot>(options: LinkServerOptions<Slot>): Promise<LinkServer> {
  const { listen, log, counters } = options
  const address = parseListen(listen)
  if (!address) throw new Error(`Cannot listen on "${listen}": it is not host:port`)
  const turns = createTurns(budgetMs)
  const sockets = new Set<Socket>()
  const finishers = new Set<() => Promise<void>>()
  counters.gauge('link.connections', () => sockets.size)

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', (error) => log.debug({ err: error, peer: socket.remoteAddress }, 'link socket failed'))
    void accept(socket)
  })

  async function accept(socket: Socket): Promise<void> {
    const handshakeTimeoutMs = options.handshakeTimeoutMs ?? 5000
    const { module, turnAway } = options
    const peer = await welcome(socket, { module, handshakeTimeoutMs, log, counters, ...(turnAway && { turnAway }) })
    if (!peer) return
    log.info(peer.facts, 'link peer connected')
    const finish = serveConnection(socket, peer, {
      handler: options.handler,
      turns,
      log,
      counters,
      maxFrameBytes: options.maxFrameBytes ?? defaultMaxFrameBytes,
      maxUnacknowledged: options.maxUnacknowledged ?? 64,
      heartbeatMs: options.heartbeatMs ?? defaultHeartbeatMs,
    })
    finishers.add(finish)
    socket.once('close', () => {
      finishers.delete(finish)
      log.info(peer.facts, 'link peer disconnected')
    })
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`Cannot listen on ${listen}: ${error.message}`, { cause: error })))
    server.listen({ host: address.host === '' ? '::' : address.host, port: address.port }, resolve)
  })
  server.on('error', (error) => log.error({ err: error }, 'link server failed'))

  return {
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.size,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const deadline = setTimeout(() => sockets.forEach((socket) => socket.destroy()), closeWaitMs)
      const finishing = [...finishers].map((finish) => finish())
      await Promise.all(finishing)
      sockets.forEach((socket) => socket.destroySoon())
      await closed
      clearTimeout(deadline)
    },
  }
}
