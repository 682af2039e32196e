import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import type { Counters } from '#lib/counters'
import { createLinkClient, createRecordEncoder, createSeriesTable, listenLink } from '#lib/link'
import type { LinkAck, SlotBatch } from '#lib/link'
import { createLogger } from '#lib/log'
import { openSpool } from '#lib/spool'
import type { Spool, SpoolOptions } from '#lib/spool'
import type { Series } from '#protocol'
import { createDestination } from './create-destination.ts'
import type { Destination, DestinationOptions } from './destination.ts'
import { countDrops } from './ledger.ts'

const log = createLogger('test', { destination: { write: () => undefined } })
const name = 'judge.judge-00'
const series = createSeriesTable()
let dir = ''
let counters: Counters
let added = 0
const closers: (() => Promise<void> | void)[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'delivery-'))
  counters = createCounters()
  added = 0
})

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  rmSync(dir, { recursive: true })
})

const until = (condition: () => boolean) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 4000, interval: 3 })

/** What the peer received, by timestamp: every test sample has its own. */
let received: number[] = []
type Answer = (batch: SlotBatch<Series>) => LinkAck | Promise<LinkAck>
const takeAll: Answer = ({ count }) => ({ taken: count, refused: 0 })
const never: Answer = () => new Promise(() => undefined)

async function startPeer(answer: Answer = takeAll, port = 0) {
  received = []
  const server = await listenLink<Series>({
    listen: `127.0.0.1:${port}`,
    module: 'judge',
    log,
    counters: createCounters(),
    handler: {
      define: (one) => one,
      take(batch) {
        received.push(...batch.timestamps)
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
async function startCable(port: number) {
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
async function quietPort(): Promise<number> {
  const peer = await startPeer()
  await peer.close()
  return peer.port
}

function startClient(port: number, ackTimeoutMs = 3000) {
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

function openStore(options: Partial<SpoolOptions> = {}): Spool {
  const spool = openSpool({
    dir,
    maxBytes: 2 ** 24,
    maxAgeSeconds: 3600,
    log,
    onDrop: countDrops(name, counters),
    ...options,
  })
  closers.push(() => spool.close())
  return spool
}

function start(options: Partial<DestinationOptions> & Pick<DestinationOptions, 'client'>): Destination {
  const destination = createDestination({
    name,
    spool: options.spool ?? openStore(),
    order: 'strict',
    ackWithinMs: 500,
    maxInFlight: 100_000,
    retryMs: 20,
    series,
    counters,
    log,
    ...options,
  })
  closers.push(() => destination.close())
  return destination
}

/** Adds samples with the next timestamps, and flushes. */
function add(destination: Destination, count: number): Promise<void> {
  const batches = new Set(
    Array.from({ length: count }, () =>
      destination.add(series.intern('host', `m${added % 7}`, '', 'GAUGE', 60), ++added, added / 2),
    ),
  )
  destination.flush()
  return Promise.all([...batches].map((batch) => batch.settled)).then(() => undefined)
}

const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i)
const sorted = (numbers: number[]) => numbers.toSorted((a, b) => a - b)

/** Every sample is in exactly one place. */
function expectBalance(destination: Destination, inherited = 0): void {
  const { queued, inFlight, spooled, delivered, refused, returned, dropped } = destination.stats()
  const places = [queued, inFlight, spooled.items, delivered, refused, returned, ...Object.values(dropped)]
  expect(places.reduce((sum, count) => sum + count, 0)).toBe(added + inherited)
}

describe.each(['strict', 'live-first'] as const)('%s', (order) => {
  test('samples reach the peer and are counted as it answers', async () => {
    const peer = await startPeer(({ count }) => ({ taken: count - 2, refused: 2 }))
    const client = startClient(peer.port)
    await until(() => client.connected)
    const destination = start({ client, order })
    await add(destination, 10)
    expect(received).toEqual(upTo(10))
    expect(destination.stats()).toMatchObject({
      connected: true,
      queued: 0,
      inFlight: 0,
      spooled: { items: 0 },
      delivered: 8,
      refused: 2,
    })
    expect(counters.values()).toMatchObject({ [`${name}.delivered`]: 8, [`${name}.connected`]: 1 })
    expect(counters.get(`${name}.spooled`)).toBe(0)
  })

  test('with the peer away samples are on disk at once, and reach it when it comes', async () => {
    const port = await quietPort()
    const destination = start({ client: startClient(port), order })
    for (let i = 0; i < 5; i++) await add(destination, 10)
    expect(destination.stats()).toMatchObject({ connected: false, spooled: { items: 50 }, delivered: 0 })
    await until(() => /ECONNREFUSED/.test(destination.stats().lastError ?? ''))
    expectBalance(destination)
    await startPeer(takeAll, port)
    await until(() => destination.stats().delivered === 50)
    expect(received).toEqual(upTo(50))
    expect(destination.stats()).toMatchObject({ spooled: { items: 0 }, lastError: undefined })
  })

  test('what was under way when the peer died reaches the next one', async () => {
    let peerDies = true
    const peer = await startPeer((batch) => (peerDies ? never(batch) : takeAll(batch)))
    const { port, cut } = await startCable(peer.port)
    const client = startClient(port)
    await until(() => client.connected)
    const destination = start({ client, order })
    const settled = [add(destination, 10), add(destination, 10)]
    await until(() => received.length > 0)
    expect(destination.stats().spooled.items).toBe(0)
    const receivedBefore = received.length
    peerDies = false
    cut()
    await Promise.all(settled)
    await until(() => destination.stats().delivered === 20)
    expect(received.slice(receivedBefore)).toEqual(upTo(20))
    expectBalance(destination)
  })

  test('a slow peer keeps nobody waiting, gets no sample twice, and its late answer counts once', async () => {
    const answers: (() => void)[] = []
    const peer = await startPeer(
      (batch) => new Promise((resolve) => answers.push(() => resolve({ taken: batch.count - 1, refused: 1 }))),
    )
    const client = startClient(peer.port)
    await until(() => client.connected)
    const destination = start({ client, order, ackWithinMs: 20 })
    for (let i = 0; i < 4; i++) await add(destination, 10)
    expect(destination.stats()).toMatchObject({ delivered: 0, inFlight: 0, spooled: { items: 40 } })
    for (let i = 0; destination.stats().spooled.items > 0 && i < 1000; i++) {
      answers.shift()?.()
      await new Promise(setImmediate)
      expectBalance(destination)
    }
    await until(() => destination.stats().spooled.items === 0)
    const { delivered, refused } = destination.stats()
    expect(delivered + refused).toBe(40)
    expect(received).toEqual(upTo(40))
  })

  test('what the peer could not take now is sent again', async () => {
    let attempts = 0
    const peer = await startPeer((batch) => {
      if (++attempts < 4) throw new Error('disk full')
      return takeAll(batch)
    })
    const client = startClient(peer.port)
    await until(() => client.connected)
    const destination = start({ client, order })
    await add(destination, 10)
    expect(destination.stats()).toMatchObject({ lastError: 'disk full', spooled: { items: 10 } })
    await until(() => destination.stats().delivered === 10)
    expect(attempts).toBe(4)
    expectBalance(destination)
  })

  test('what never gets an answer is sent again after the link gives up waiting', async () => {
    let attempts = 0
    const peer = await startPeer((batch) => (++attempts === 1 ? never(batch) : takeAll(batch)))
    const client = startClient(peer.port, 60)
    await until(() => client.connected)
    const destination = start({ client, order, ackWithinMs: 20 })
    await add(destination, 10)
    await until(() => destination.stats().delivered === 10)
    expect(received).toEqual([...upTo(10), ...upTo(10)])
    expectBalance(destination)
  })

  test('beyond maxInFlight samples go straight to disk', async () => {
    const peer = await startPeer(never)
    const client = startClient(peer.port)
    await until(() => client.connected)
    const destination = start({ client, order, maxInFlight: 25, ackWithinMs: 60_000 })
    for (let i = 0; i < 10; i++) {
      void add(destination, 10)
      const { queued, inFlight } = destination.stats()
      expect(queued + inFlight).toBeLessThanOrEqual(25)
      expectBalance(destination)
    }
    expect(destination.stats().spooled.items).toBeGreaterThanOrEqual(75)
    await client.close()
  }, 15_000)

  test('what is unsent at the end is there for the next start', async () => {
    const port = await quietPort()
    const spool = openStore()
    const client = startClient(port)
    const first = start({ client, order, spool })
    await add(first, 10)
    const last = first.add(series.intern('host', 'm', '', 'GAUGE', 60), ++added, 1)
    await first.close()
    expect(spool.stats().items).toBe(11)
    await last.settled
    expect(() => first.add(series.intern('host', 'm', '', 'GAUGE', 60), 1, 1)).toThrow('it is closed')
    await client.close()
    spool.close()

    await startPeer(takeAll, port)
    const second = start({ client: startClient(port), order })
    await until(() => second.stats().delivered === 11)
    expect(received).toEqual(upTo(11))
  })

  test('closing waits for answers under way', async () => {
    let answer: () => void = () => undefined
    const peer = await startPeer(
      (batch) => new Promise((resolve) => (answer = () => resolve({ taken: batch.count, refused: 0 }))),
    )
    const client = startClient(peer.port)
    await until(() => client.connected)
    const destination = start({ client, order })
    const settled = add(destination, 10)
    await until(() => received.length === 10)
    const closing = destination.close()
    answer()
    await closing
    await settled
    expect(destination.stats()).toMatchObject({ delivered: 10, spooled: { items: 0 } })
  })

  test('when the disk refuses, samples the peer does not take are given back', async () => {
    const port = await quietPort()
    const spool = openStore()
    let full = true
    const refusing: Spool = {
      ...spool,
      append(record, items) {
        if (full) throw new Error('Cannot spool: ENOSPC')
        return spool.append(record, items)
      },
    }
    const destination = start({ client: startClient(port), order, spool: refusing })
    await expect(add(destination, 10)).rejects.toThrow('ENOSPC')
    expect(destination.stats()).toMatchObject({ returned: 10, spooled: { items: 0 } })
    expect(destination.stats().lastError).toMatch(/ENOSPC|ECONNREFUSED/)
    expect(destination.stats().diskError).toMatch(/ENOSPC/)
    full = false
    await add(destination, 5)
    expect(destination.stats()).toMatchObject({ returned: 10, spooled: { items: 5 } })
    expectBalance(destination)
  })

  test('when the disk refuses, samples at a slow peer wait for its answer', async () => {
    const answers: (() => void)[] = []
    const peer = await startPeer(
      (batch) => new Promise((resolve) => answers.push(() => resolve({ taken: batch.count, refused: 0 }))),
    )
    const client = startClient(peer.port)
    await until(() => client.connected)
    let refusals = 0
    const spool: Spool = {
      ...openStore(),
      append() {
        refusals++
        throw new Error('Cannot spool: ENOSPC')
      },
    }
    const destination = start({ client, order, spool, ackWithinMs: 20 })
    const settled = add(destination, 10)
    await until(() => refusals > 0)
    expect(destination.stats()).toMatchObject({ inFlight: 10, returned: 0 })
    answers[0]?.()
    await settled
    expect(destination.stats()).toMatchObject({ delivered: 10, returned: 0 })
    expectBalance(destination)
  })

  test('a spooled record that cannot be read is counted as corrupt and holds up nothing', async () => {
    const spool = openStore()
    const encode = createRecordEncoder()
    const record = (timestamp: number) =>
      encode({
        count: 1,
        series: [series.intern('host', 'm', '', 'GAUGE', 60)],
        timestamps: Float64Array.of(timestamp),
        values: Float64Array.of(1),
      })
    spool.append(record(1), 1)
    spool.append(Buffer.from('not a record'), 7)
    spool.append(record(2), 1)
    spool.append(Buffer.from([9]), 3)
    const peer = await startPeer()
    const destination = start({ client: startClient(peer.port), order, spool })
    await until(() => destination.stats().spooled.items === 0)
    await until(() => destination.stats().delivered === 2)
    expect(received).toEqual([1, 2])
    expect(destination.stats().dropped).toEqual({ size: 0, age: 0, corrupt: 10 })
    expectBalance(destination, 12)
  })

  test('what the spool drops while it is being sent again is counted as dropped only', async () => {
    const answers: (() => void)[] = []
    const port = await quietPort()
    const spool = openStore({ maxBytes: 8000 })
    const client = startClient(port)
    const destination = start({ client, order, spool, maxInFlight: 1, ackWithinMs: 60_000 })
    await add(destination, 20)
    await add(destination, 20)
    await startPeer(
      ({ count }) => new Promise((resolve) => answers.push(() => resolve({ taken: count - 5, refused: 5 }))),
      port,
    )
    await until(() => answers.length === 1)
    expect(received).toEqual(upTo(40))
    while (destination.stats().dropped.size === 0) {
      void add(destination, 20)
      await new Promise(setImmediate)
    }
    const { dropped } = destination.stats()
    answers[0]?.()
    await until(() => destination.stats().delivered > 0 || destination.stats().refused > 0 || received.length > 60)
    expectBalance(destination)
    expect(destination.stats().delivered).toBeLessThan(40 - dropped.size)
    await client.close()
  })
})

test('a dropped record that is answered later counts once', async () => {
  let answer: (() => void) | undefined
  const peer = await startPeer(
    (batch) => new Promise((resolve) => (answer ??= () => resolve({ taken: batch.count, refused: 0 }))),
  )
  const client = startClient(peer.port)
  await until(() => client.connected)
  const destination = start({ client, order: 'strict', spool: openStore({ maxBytes: 8000 }), ackWithinMs: 10 })
  // The first goes to disk unanswered, the next behind it, until the first is dropped.
  while (destination.stats().dropped.size === 0) await add(destination, 20)
  answer?.()
  await until(() => received.length > 20)
  expectBalance(destination)
  expect(destination.stats().delivered).toBe(0)
})

test.each(['strict', 'live-first'] as const)(
  '%s: through outages, refusals and restarts of the peer every sample arrives and is counted once',
  async (order) => {
    let requests = 0
    const flaky: Answer = (batch) => {
      requests++
      if (requests % 5 === 3) throw new Error('not now')
      return requests % 7 === 5
        ? new Promise((resolve) => setTimeout(() => resolve({ taken: batch.count, refused: 0 }), 30))
        : takeAll(batch)
    }
    /** Timestamps in the order in which they were taken. */
    const taken: number[] = []
    const recording: Answer = async (batch) => {
      const ack = await flaky(batch)
      taken.push(...batch.timestamps)
      return ack
    }
    const port = await quietPort()
    const destination = start({ client: startClient(port), order, ackWithinMs: 15, batchSize: 16, retryMs: 5 })
    for (let round = 0; round < 4; round++) {
      const peer = await startPeer(recording, port)
      for (let i = 0; i < 40; i++) {
        void add(destination, 1 + (i % 30))
        await new Promise((resolve) => setTimeout(resolve, 2))
        expectBalance(destination)
      }
      await peer.close()
      await add(destination, 25)
    }
    await startPeer(recording, port)
    await until(() => destination.stats().spooled.items === 0 && destination.stats().inFlight === 0)
    expect(destination.stats()).toMatchObject({ delivered: added, returned: 0 })
    // In order of first arrival: what came twice came as a repetition.
    const firstSeen = [...new Set(taken)]
    expect(order === 'strict' ? firstSeen : sorted(firstSeen)).toEqual(upTo(added))
  },
  20_000,
)

test('live-first: new samples pass the spooled ones, which follow at the limited rate', async () => {
  const port = await quietPort()
  const destination = start({ client: startClient(port), order: 'live-first', replayPerSecond: 1000 })
  for (let i = 0; i < 30; i++) await add(destination, 100)
  expect(destination.stats().spooled.items).toBe(3000)
  await startPeer(takeAll, port)
  await until(() => received.length > 0)
  await add(destination, 1)
  expect(received.at(-1)).toBe(3001)
  expect(destination.stats().spooled.items).toBeGreaterThan(1000)
  expectBalance(destination)
  await until(() => received.length >= 1101)
  expect(sorted(received).slice(0, 1000)).toEqual(upTo(1000))
})

test('live-first: many batches are under way at once', async () => {
  const peer = await startPeer(never)
  const client = startClient(peer.port)
  await until(() => client.connected)
  const destination = start({ client, order: 'live-first', ackWithinMs: 30_000 })
  for (let i = 0; i < 5; i++) void add(destination, 3)
  await until(() => received.length === 15)
  expect(destination.stats().inFlight).toBe(15)
  await client.close()
})

test('strict: what is added while a batch is under way travels together afterwards', async () => {
  const sizes: number[] = []
  const answers: (() => void)[] = []
  const peer = await startPeer((batch) => {
    sizes.push(batch.count)
    return new Promise((resolve) => answers.push(() => resolve({ taken: batch.count, refused: 0 })))
  })
  const client = startClient(peer.port)
  await until(() => client.connected)
  const destination = start({ client, order: 'strict', ackWithinMs: 30_000 })
  const settled = [1, 2, 3, 4].map((count) => add(destination, count))
  await until(() => answers.length === 1)
  answers[0]?.()
  await until(() => answers.length === 2)
  answers[1]?.()
  await Promise.all(settled)
  expect(sizes).toEqual([1, 9])
  expect(destination.stats().delivered).toBe(10)
})

test('a full batch is sent without waiting for flush', async () => {
  const peer = await startPeer()
  const client = startClient(peer.port)
  await until(() => client.connected)
  const destination = start({ client, batchSize: 4 })
  const one = series.intern('host', 'm', '', 'GAUGE', 60)
  const batches = upTo(6).map((timestamp) => destination.add(one, timestamp, 0))
  await batches[0]?.settled
  expect(new Set(batches).size).toBe(2)
  await until(() => destination.stats().delivered >= 4)
})

test.each([-1, 0.5, 2 ** 32, Number.NaN])('timestamp %d is refused and nothing is added', async (timestamp) => {
  const destination = start({ client: startClient(await quietPort()) })
  const one = series.intern('host', 'm', '', 'GAUGE', 60)
  expect(() => destination.add(one, timestamp, 1)).toThrow(
    `Cannot add a sample of host/m: its timestamp is ${timestamp}`,
  )
  expect(destination.stats().queued).toBe(0)
})
