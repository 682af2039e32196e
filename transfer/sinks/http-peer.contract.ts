import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FakePeer, TakenSample } from './sink.contract.ts'

export interface FakeHttp {
  /** The samples of a request. Throws when it is not exactly what the server would take. */
  read(request: IncomingMessage, body: Buffer): TakenSample[]
  /** Refuses a request with some of its samples, as the server does. */
  refuse(response: ServerResponse, refused: number): void
  /** Whether the others of a request that is refused are taken. */
  readonly takesTheRest: boolean
  /** Of a success. */
  readonly status: number
}

/** An HTTP server in place of a sink's. */
export async function startFakeHttp(port: number, fake: FakeHttp): Promise<FakePeer> {
  const server = createServer((request, response) => {
    peer.seen++
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('error', () => request.destroy())
    if (peer.behaviour === 'hangs up') request.socket.destroy()
    request.on('end', () => answer(request, response, Buffer.concat(pieces)))
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
      server.closeAllConnections()
      await closed
    },
  }

  function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    if (peer.behaviour === 'talks nonsense') return void request.socket.end('HELLO?\r\n\r\n')
    if (peer.behaviour === 'hangs') return
    if (peer.behaviour === 'is busy') return void response.writeHead(503).end('come back later')
    const samples = fake.read(request, body)
    const bad = peer.behaviour === 'refuses' ? samples.filter(({ metric }) => metric.endsWith('.bad')) : []
    if (bad.length === 0 || fake.takesTheRest) peer.taken.push(...samples.filter((sample) => !bad.includes(sample)))
    if (bad.length > 0) fake.refuse(response, bad.length)
    else response.writeHead(fake.status).end()
  }

  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(peer, { port: (server.address() as AddressInfo).port })
}
