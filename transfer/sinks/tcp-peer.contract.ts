import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { FakePeer } from './sink.contract.ts'

/** A TCP server in place of a sink's. `serve` is called once a connection; the caller reads from the socket. */
export async function startFakeTcp(port: number, serve: (socket: Socket, peer: FakePeer) => void): Promise<FakePeer> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    serve(socket, peer)
  })
  const peer: FakePeer = {
    port: 0,
    behaviour: 'takes',
    taken: [],
    seen: 0,
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(peer, { port: (server.address() as AddressInfo).port })
}
