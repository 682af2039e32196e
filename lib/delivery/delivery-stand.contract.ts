import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import { createLinkClient, createSeriesTable, listenLink } from '#lib/link'
import type { LinkAck, SlotBatch } from '#lib/link'
import { createLogger } from '#lib/log'
import { openSpool } from '#lib/spool'
import type { Spool, SpoolOptions } from '#lib/spool'
import type { Series } from '#protocol'
import { createDestination } from './create-destination.ts'
import type { Destination, DestinationOptions } from './destination.ts'
import { countDrops } from './ledger.ts'

const log = createLogger('test', { destination: { write: () => undefined } })

/** What the tests of one file share; new before each of them. */
export const stand = {
  dir: '',
  counters: createCounters(),
  /** Samples added so far. */
  added: 0,
  /** What the peer received, by timestamp: every test sample has its own. */
  received: new Array<number>(),
}
export const name = 'judge.judge-00'
export const series = createSeriesTable()
const closers: (() => Promise<void> | void)[] = []

beforeEach(() => {
  stand.dir = mkdtempSync(join(tmpdir(), 'delivery-'))
  stand.counters = createCounters()
  stand.added = 0
})

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  rmSync(stand.dir, { recursive: true })
})

export const until = (condition: () => boolean) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 4000, interval: 3 })

export type Answer = (batch: SlotBatch<Series>) => LinkAck | Promise<LinkAck>
export const takeAll: Answer = ({ count }) => ({ taken: count, refused: 0 })
export const never: Answer = () => new Promise(() => undefined)

export async function startPeer(answer: Answer = takeAll, port = 0) {
  stand.received = []
  const server = await listenLink<Series>({
    listen: `127.0.0.1:${port}`,
    module: 'judge',
    log,
    counters: createCounters(),
    handler: {
      define: (one) => one,
      take(batch) {
        stand.received.push(...batch.timestamps)
        return answer(batch)
      },
    },
  })
  let closing: Promise<void> | undefined
  const close = () => (closing ??= server.close())
  closers.push(close)
  return { port: server.port, close }
}

/** Passes bytes on to a port until it is cut, and again after that. */
export async function startCable(port: number) {
  const sockets = new Set<Socket>()
  const cable = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) sockets.add(socket.on('error', () => socket.destroy()))
    near.pipe(far).pipe(near)
  })
  const cut = () => sockets.forEach((socket) => socket.destroy())
  closers.push(async () => {
    cable.close()
    cut()
    await once(cable, 'close')
  })
  cable.listen(0, '127.0.0.1')
  await once(cable, 'listening')
  return { port: (cable.address() as AddressInfo).port, cut }
}

/** A port where nothing listens now. */
export async function quietPort(): Promise<number> {
  const peer = await startPeer()
  await peer.close()
  return peer.port
}

export function startClient(port: number, ackTimeoutMs = 3000) {
  const client = createLinkClient({
    addresses: [`127.0.0.1:${port}`],
    module: 'transfer',
    connectTimeoutMs: 1000,
    ackTimeoutMs,
    log,
    random: () => 0,
  })
  closers.push(() => client.close())
  return client
}

export function openStore(options: Partial<SpoolOptions> = {}): Spool {
  const spool = openSpool({
    dir: stand.dir,
    maxBytes: 2 ** 24,
    maxAgeSeconds: 3600,
    log,
    onDrop: countDrops(name, stand.counters),
    ...options,
  })
  closers.push(() => spool.close())
  return spool
}

export function start(options: Partial<DestinationOptions> & Pick<DestinationOptions, 'client'>): Destination {
  const destination = createDestination({
    name,
    spool: options.spool ?? openStore(),
    order: 'strict',
    ackWithinMs: 500,
    maxInFlight: 100_000,
    retryMs: 20,
    series,
    counters: stand.counters,
    log,
    ...options,
  })
  closers.push(() => destination.close())
  return destination
}

/** Adds samples with the next timestamps, and flushes. */
export function add(destination: Destination, count: number): Promise<void> {
  const batches = new Set(
    Array.from({ length: count }, () =>
      destination.add(series.intern('host', `m${stand.added % 7}`, '', 'GAUGE', 60), ++stand.added, stand.added / 2),
    ),
  )
  destination.flush()
  return Promise.all([...batches].map((batch) => batch.settled)).then(() => undefined)
}

export const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i)
export const sorted = (numbers: number[]) => numbers.toSorted((a, b) => a - b)

/** Every sample is in exactly one place. */
export function expectBalance(destination: Destination, inherited = 0): void {
  const { queued, inFlight, spooled, delivered, refused, returned, dropped } = destination.stats()
  const places = [queued, inFlight, spooled.items, delivered, refused, returned, ...Object.values(dropped)]
  expect(places.reduce((sum, count) => sum + count, 0)).toBe(stand.added + inherited)
}
