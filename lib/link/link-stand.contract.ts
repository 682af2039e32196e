import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, expect, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLogger } from '#lib/log'
import type { Series } from '#protocol'
import { createLinkClient } from './client.ts'
import type { LinkAck, SampleColumns } from './columns.ts'
import type { LinkClient, LinkClientOptions, LinkHandler, LinkServer, LinkServerOptions, SlotBatch } from './link.ts'
import { createSeriesTable } from './series-table.ts'
import { listenLink } from './server.ts'

export const log = createLogger('test', { destination: { write: () => undefined } })
const closers: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

type Seen = { series: Series; timestamp: number; value: number }

/** A handler that remembers what it took and answers as it is told. */
export function recorder(answer: (batch: SlotBatch<Series>) => LinkAck | Promise<LinkAck> = takeAll) {
  const defined: Series[] = []
  const seen: Seen[] = []
  const handler: LinkHandler<Series> = {
    define(series) {
      defined.push(series)
      return series
    },
    take(batch) {
      for (let i = 0; i < batch.count; i++)
        seen.push({
          series: batch.slots[i] as Series,
          timestamp: batch.timestamps[i] as number,
          value: batch.values[i] as number,
        })
      return answer(batch)
    },
  }
  return { defined, seen, handler }
}

export const takeAll = (batch: SlotBatch<Series>) => ({ taken: batch.count, refused: 0 })

export async function serve(handler: LinkHandler<Series>, options: Partial<LinkServerOptions<Series>> = {}) {
  const counters = createCounters()
  const server = await listenLink({ listen: '127.0.0.1:0', module: 'judge', handler, log, counters, ...options })
  closers.push(() => server.close())
  return Object.assign(server, { counters })
}

export function link(to: LinkServer | string, options: Partial<LinkClientOptions> = {}): LinkClient {
  const addresses = [typeof to === 'string' ? to : `127.0.0.1:${to.port}`]
  const client = createLinkClient({
    addresses,
    module: 'transfer',
    connectTimeoutMs: 2000,
    ackTimeoutMs: 5000,
    log,
    ...options,
  })
  closers.push(() => client.close())
  return client
}

export const until = (condition: () => boolean) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 5000, interval: 5 })
export const connected = (client: LinkClient) => until(() => client.connected)

const table = createSeriesTable()
/** One sample a metric, with values 0, 1, 2 … */
export function batchOf(metrics: string[], timestamp = 1_700_000_000): SampleColumns {
  return {
    count: metrics.length,
    series: metrics.map((metric) => table.intern('host', metric, 'a=b', 'GAUGE', 60)),
    timestamps: Float64Array.from(metrics, () => timestamp),
    values: Float64Array.from(metrics, (_, i) => i),
  }
}

export function raw(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  closers.push(() => void socket.destroy())
  return socket
}

const texts = new WeakMap<Socket, Promise<string>>()
/** All that the peer says until it hangs up. */
export function textOf(socket: Socket): Promise<string> {
  const known = texts.get(socket)
  if (known) return known
  const text = new Promise<string>((resolve, reject) => {
    let all = ''
    socket.on('data', (chunk: Buffer) => (all += chunk.toString('latin1')))
    socket.on('error', reject)
    socket.on('end', () => resolve(all))
  })
  texts.set(socket, text)
  return text
}

export async function rawServer(onConnection: (socket: Socket) => unknown): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
    socket.resume()
    onConnection(socket)
  })
  return `127.0.0.1:${await listening(server, sockets)}`
}

/** Passes bytes on, in pieces of `pieceBytes` when given. */
export async function relayTo(port: number, sockets: Socket[], pieceBytes = Infinity): Promise<{ port: number }> {
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.push(from)
      from.setNoDelay(true)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
      from.on('data', (chunk: Buffer) => {
        const pieces = Math.max(1, Math.ceil(chunk.length / pieceBytes))
        for (let i = 0; i < pieces; i++)
          to.write(pieces === 1 ? chunk : chunk.subarray(i * pieceBytes, (i + 1) * pieceBytes))
      })
    }
  })
  return { port: await listening(server, sockets) }
}

function listening(server: Server, sockets: Socket[]): Promise<number> {
  closers.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        sockets.forEach((socket) => socket.destroy())
      }),
  )
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}
