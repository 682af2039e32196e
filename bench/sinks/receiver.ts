import { createServer as createHttp } from 'node:http'
import { createServer as createTcp } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { once } from 'node:events'
import { createCounters } from '#lib/counters'
import { listenLink } from '#lib/link'
import { createLogger } from '#lib/log'

/** The peers of bench/sinks.ts: each reads what it gets, says that it has it, and does nothing else. */
const link = await listenLink({
  listen: '127.0.0.1:0',
  module: 'bench',
  handler: { define: () => 0, take: ({ count }) => ({ taken: count, refused: 0 }) },
  log: createLogger('bench', { destination: { write: () => undefined } }),
  counters: createCounters(),
})

const http = createHttp((request, response) => {
  request.resume()
  request.on('end', () => response.writeHead(204).end())
})

const telnet = createTcp({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.resume()
  socket.on('end', () => socket.end())
})

const rpc = createTcp({ noDelay: true }, (socket) => {
  let pieces: Buffer[] = []
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      pieces.push(chunk.subarray(from, end))
      const { id, params } = JSON.parse(Buffer.concat(pieces).toString()) as { id: number; params: [unknown[]] }
      const result = { Message: 'ok', Total: params[0].length, Invalid: 0, Latency: 0 }
      socket.write(`${JSON.stringify({ id, result, error: null })}\n`)
      pieces = []
      from = end + 1
    }
    pieces.push(chunk.subarray(from))
  })
})

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

process.send?.({ link: link.port, http: await portOf(http), telnet: await portOf(telnet), rpc: await portOf(rpc) })
process.on('SIGTERM', () => process.exit(0))
